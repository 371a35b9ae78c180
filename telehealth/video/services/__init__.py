"""What can be done with consultations."""
