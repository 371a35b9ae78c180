"""The audit trail says more, and is sealed into a chain."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing yet."""
