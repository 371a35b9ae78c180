"""What can be done with schedules and appointments."""
