"""The append-only trail: who did or saw what, when and why."""
