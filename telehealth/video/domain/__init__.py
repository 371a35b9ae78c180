"""Rules without I/O: standard library only; `now` and the zone come in as arguments."""
