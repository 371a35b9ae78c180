"""Pages about who is still to be seen."""
