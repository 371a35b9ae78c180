"""The sub-commands of `telehealth`, one module a subject; `cli.py` puts them together."""
