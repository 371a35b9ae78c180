"""Pages on which patients and carers book, move and cancel themselves."""
