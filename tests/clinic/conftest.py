"""What holds after each of these tests: see tests/booking/services/conftest.py."""

from tests.booking.services.conftest import nobody_falls_out

__all__ = ["nobody_falls_out"]
