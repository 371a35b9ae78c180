"""What an administrator does: staff, sessions, services, the audit trail."""
