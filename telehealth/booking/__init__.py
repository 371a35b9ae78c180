"""Schedules, availability, claims and appointments."""
