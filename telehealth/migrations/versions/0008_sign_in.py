"""Sessions on the server, second factors, and ways to sign in."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing yet."""
