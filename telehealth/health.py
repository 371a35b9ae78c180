"""Is the process up, and is it ready for people?"""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from telehealth.extensions import database, reading
from telehealth.guards import ANYONE, guarded
from telehealth.migrations import is_current

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@guarded(ANYONE)
def healthz() -> ResponseReturnValue:
    """200 while the process answers at all."""
    return jsonify(status="up")


@bp.get("/readyz")
@guarded(ANYONE)
def readyz() -> ResponseReturnValue:
    """200 when the database answers with the schema that this version needs, else 503 with the reason."""
    try:
        with reading() as session:
            session.execute(text("SELECT 1"))
        if not is_current(database().engine):
            return jsonify(status="not ready", reason="the database schema is not up to date"), 503
    except SQLAlchemyError:
        return jsonify(status="not ready", reason="the database does not answer"), 503
    return jsonify(status="ready")
