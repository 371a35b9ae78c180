"""Pages on which administrators and clinicians set up sessions, leave, types and rules."""
