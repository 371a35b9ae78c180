"""Structured logs: one JSON object a line (or readable lines), each with the id of its request."""

import logging
import sys
from time import perf_counter
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from structlog.typing import Processor


def configure(log_format: str) -> None:
    """Send structlog and the standard library's logging to standard error in one format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor
    if log_format == "json":
        # Without the local variables of each frame: they hold passwords and clinical text.
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        shared.append(structlog.processors.ExceptionRenderer(tracebacks))
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("engineio", "socketio", "alembic", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def register(app: Flask) -> None:
    log = structlog.get_logger("telehealth.request")

    @app.before_request
    def begin() -> None:
        g.request_id = uuid4().hex[:16]
        g.began_s = perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        # The endpoint, never the path: a path can hold a join token.
        log.info(
            "request",
            method=request.method,
            endpoint=request.endpoint,
            status=response.status_code,
            duration_ms=round((perf_counter() - g.get("began_s", perf_counter())) * 1000, 1),
        )
        return response
