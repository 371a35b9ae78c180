"""One scene for all requests of a module: each of them is undone, and the whole of it is never committed."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.permissions.scene import Scene, open_scene


@pytest.fixture(scope="module")
def scene(application: Flask, engine: Engine) -> Iterator[Scene]:
    with open_scene(application, engine) as made:
        yield made
