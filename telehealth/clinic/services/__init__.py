"""What the features know, gathered for one page; and access to a record in an emergency."""
