"""After each of these tests nobody has fallen out, whatever was done to their appointments."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from telehealth.booking.services.fallen_out import patients_who_fell_out


@pytest.fixture(autouse=True)
def nobody_falls_out(request: pytest.FixtureRequest) -> Iterator[None]:
    session: Session | None = (
        request.getfixturevalue("session") if "session" in request.fixturenames else None
    )
    yield
    if session is not None and session.is_active:
        assert patients_who_fell_out(session) == []
