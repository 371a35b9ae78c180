"""The servers that are attacked: several workers on PostgreSQL, one process on SQLite. Both can be killed."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.keys import KEY_LINE
from tests.server import ServerFailure, free_port, gets_ready

PROJECT = Path(__file__).parents[2]
SECRET = "kS4xq0vT9mLr2WzYb7NhJc5Uf8Pd1Ga3"
WORKERS = 3
THREADS = 8
SINGLE_THREADS = 64


class AttackedServer:
    """The service outside the demo, on a database that is there already. `url` as SQLAlchemy writes it.

    `app`: another WSGI application than the product's own, which gunicorn serves on SQLite too.
    """

    def __init__(self, folder: Path, url: str, *, app: str = "", keys: str = KEY_LINE) -> None:
        self.folder, self.database_url, self._app, self._keys = folder, url, app, keys
        self.port = free_port()
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_single(self) -> bool:
        """SQLite is for one web process."""
        return self.database_url.startswith("sqlite")

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TELEHEALTH_")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=PROJECT,
                env={
                    **kept,
                    "PORT": str(self.port),
                    "PYTHONUNBUFFERED": "1",
                    "TELEHEALTH_BASE_URL": f"http://localhost:{self.port}",
                    "TELEHEALTH_DATABASE_URL": self.database_url,
                    "TELEHEALTH_INSTANCE_PATH": str(self.folder / "instance"),
                    "TELEHEALTH_KEYS": self._keys,
                    "TELEHEALTH_SECRET_KEY": SECRET,
                    "TELEHEALTH_THREADS": str(SINGLE_THREADS),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        if not gets_ready(self._process, self.port):
            self.kill()
            raise ServerFailure(f"the service did not get ready\n{self.read_log()}")

    def stop(self) -> None:
        """In order; a second call does nothing."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """As a power cut would: all of it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def kill_one(self, number: int) -> int:
        """Kill a worker, which its master replaces; the one process of SQLite is killed and started again.

        Returns how many processes were killed.
        """
        if self.is_single:
            self.kill()
            self.start()
            return 1
        workers = self.find_processes()[1:]
        if not workers:
            return 0
        with suppress(ProcessLookupError):
            os.kill(workers[number % len(workers)], signal.SIGKILL)
        return 1

    def find_processes(self) -> list[int]:
        """The process that was started, and its children: gunicorn's workers."""
        assert self._process is not None
        parent = self._process.pid
        with suppress(OSError):
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
            return [parent, *(int(child) for child in children)]
        return [parent]

    def read_log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _command(self) -> list[str]:
        if self.is_single and not self._app:
            return [str(Path(sys.executable).with_name("telehealth")), "run"]
        workers, threads = (1, SINGLE_THREADS) if self.is_single else (WORKERS, THREADS)
        return [
            str(Path(sys.executable).with_name("gunicorn")),
            *("--workers", str(workers), "--worker-class", "gthread", "--threads", str(threads)),
            *("--bind", f"127.0.0.1:{self.port}", "--log-level", "warning", "--keep-alive", "30"),
            *("--graceful-timeout", "5", "--worker-connections", "1000", "--no-control-socket"),
            self._app or "wsgi:app",
        ]
