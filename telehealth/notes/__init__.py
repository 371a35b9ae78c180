"""Consultation notes: drafts, signed versions, amendments."""
