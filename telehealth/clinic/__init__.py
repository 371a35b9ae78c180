"""The daily clinic list and the consultation page: what the features know, on one page."""
