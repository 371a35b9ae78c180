"""Many processes book, move and cancel at once against a real server, and are killed while they do."""
