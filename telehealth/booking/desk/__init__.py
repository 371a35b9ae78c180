"""Reception's pages: find, register and merge patients; book, move, cancel, overbook; the day sheet."""
