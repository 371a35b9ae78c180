"""Rules without I/O: standard library only; `now` comes in as an argument."""
