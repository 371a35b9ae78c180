"""Clinical text and contact details are sealed with a key for each row."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing yet."""
