"""What the tests of signing in may ask for."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask


@pytest.fixture
def demo(app: Flask) -> Iterator[None]:
    """The application in demo mode: a password is enough to sign in."""
    real = app.extensions["telehealth.config"]
    app.extensions["telehealth.config"] = replace(real, is_demo=True)
    yield
    app.extensions["telehealth.config"] = real
