"""Flask extensions without an application, and the edge's way to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import current_app, g, request
from flask_babel import Babel
from flask_login import LoginManager
from flask_socketio import SocketIO
from flask_wtf import CSRFProtect
from sqlalchemy.orm import Session

from telehealth.actor import ANONYMOUS, Actor
from telehealth.config import Config
from telehealth.db import Database

babel = Babel()
csrf = CSRFProtect()
login_manager = LoginManager()
socketio = SocketIO()


def database() -> Database:
    return cast("Database", current_app.extensions["telehealth.database"])


def config() -> Config:
    return cast("Config", current_app.extensions["telehealth.config"])


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work for a route or a socket event: one commit, when the block ends."""
    with database().transaction() as session:
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """A session that only reads."""
    with database().reading() as session:
        yield session


def actor() -> Actor:
    """Who makes this request (set once by `accounts.routes` before the view runs)."""
    return cast("Actor", g.get("actor", ANONYMOUS))


def wants_json() -> bool:
    """True where the caller is a script that reads JSON errors."""
    return request.is_json or request.accept_mimetypes.best == "application/json"
