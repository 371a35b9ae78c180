"""The real product as a process of its own, with demo data, a folder and a port that nothing else uses."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

from telehealth.demo import cast
from tests.keys import KEY_LINE

PASSWORD = "only for the demo 4711"
RECEPTIONIST = cast.RECEPTIONIST[1]
CLINICIAN = cast.CLINICIANS[0].email
CLINICIAN_NAME = (
    f"{cast.CLINICIANS[0].prefix} {cast.CLINICIANS[0].given_name} {cast.CLINICIANS[0].family_name}"
)
SECOND_CLINICIAN = cast.CLINICIANS[1].email
ADMINISTRATOR = cast.ADMINISTRATOR[1]

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 15.0
# Below the range from which the kernel takes ports for outgoing connections: nobody can snatch it meanwhile.
PORTS = range(20_000, 32_000)


class ServerFailure(AssertionError):
    """The service did not start or did not stop; the message holds its log."""


class LiveServer:
    """`telehealth run --demo` on loopback; its database is `database_path`, its output `read_log()`."""

    def __init__(self, folder: Path, extra_environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.database_path = folder / "instance" / "telehealth.sqlite3"
        self._log = folder / "server.log"
        self._extra = dict(extra_environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TELEHEALTH_")}
        environment = {
            **kept,
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            "TELEHEALTH_INSTANCE_PATH": str(self.folder / "instance"),
            "TELEHEALTH_DEMO_PASSWORD": PASSWORD,
            "TELEHEALTH_KEYS": KEY_LINE,
            "TELEHEALTH_LOG_FORMAT": "json",
            **self._extra,
        }
        command = Path(sys.executable).with_name("telehealth")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [command, "run", "--demo"],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        if not gets_ready(self._process, self.port):
            self.kill()
            raise ServerFailure(f"the service did not get ready\n{self.read_log()}")

    def stop(self) -> int:
        """End it as an operator would (SIGTERM); returns the exit code. A second call does nothing."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout=STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise ServerFailure(
                f"the service did not stop within {STOP_WITHIN_S} s\n{self.read_log()}"
            ) from None

    def kill(self) -> None:
        """End it as a power cut would, with everything that it started."""
        if self._process is not None:
            with suppress(ProcessLookupError):  # it has ended by itself, with all that it started
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def read_log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    """A port of the loopback address on which nobody listens."""
    for port in random.sample(PORTS, k=50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailure("no free port found")


def gets_ready(process: subprocess.Popen[bytes], port: int) -> bool:
    """Waits until the service on `port` is ready. False: it ended before, or it took too long."""
    deadline = time.monotonic() + READY_WITHIN_S
    while not is_ready(port):
        try:
            # Waits for its end, so a service that fails at once is reported at once.
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
        return False
    return True


def is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (HTTPException, OSError):
        return False
    finally:
        connection.close()
