"""gunicorn, started from code: one process of threads for pages and sockets. No development server anywhere."""

import gc
import socket
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from telehealth.app import create_app
from telehealth.audit.services.sealer import Sealer
from telehealth.config import Config
from telehealth.messages.running import make_dispatcher

LOOPBACK = "127.0.0.1"
SPARE_CONNECTIONS = 500
GRACEFUL_TIMEOUT_S = 5


def is_port_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def start_sealer(app: Flask) -> None:
    """Begin to seal the audit trail beside the pages, in the process that serves them."""
    config: Config = app.extensions["telehealth.config"]
    Sealer(app.extensions["telehealth.database"], config.instance_path).start()


def start_outbox(app: Flask) -> None:
    """Begin to send what is in the outbox, beside the pages too."""
    make_dispatcher(app.extensions["telehealth.database"], app.extensions["telehealth.config"]).start()


def start_beside_pages(app: Flask) -> None:
    """What runs in each process that serves pages, when all of it is loaded."""
    start_sealer(app)
    start_outbox(app)
    # What is loaded now stays as long as the process. Looked through by the garbage collector again and again it took a
    # third of the time of a wide search.
    gc.collect()
    gc.freeze()


class Server(BaseApplication):  # type: ignore[misc]
    """Serves the application on loopback with as many threads as sockets and requests are expected at once."""

    def __init__(self, config: Config) -> None:
        self._config = config
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": [f"{LOOPBACK}:{self._config.port}"],
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._config.threads,
            # Must exceed the threads, or keep-alive is switched off.
            "worker_connections": self._config.threads + SPARE_CONNECTIONS,
            "graceful_timeout": GRACEFUL_TIMEOUT_S,
            "keepalive": 30,
            "timeout": 60,
            "proc_name": "telehealth",
            "loglevel": "warning",
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        # In the worker, after the fork: no connection and no thread of the parent is shared.
        app = create_app(self._config)
        start_beside_pages(app)
        return app
