"""A real TURN server (coturn) on the loopback address, for one test."""

import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.server import free_port

SECRET = "only for tests: a shared secret of the relay"
READY_WITHIN_S = 10.0
STOP_WITHIN_S = 5.0


def find_turnserver() -> str:
    """A missing relay fails the test, it never skips it."""
    found = shutil.which("turnserver")
    assert found, "no turnserver: install coturn (make system)"
    return found


class TurnServer:
    """Relays to loopback peers alone; `url` and `SECRET` go into TELEHEALTH_TURN_*."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"turn:127.0.0.1:{self.port}?transport=udp"
        self._folder = folder
        self._log = folder / "turnserver.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [
            find_turnserver(),
            "-n",
            "--listening-ip=127.0.0.1",
            "--relay-ip=127.0.0.1",
            f"--listening-port={self.port}",
            "--use-auth-secret",
            f"--static-auth-secret={SECRET}",
            "--realm=tests",
            "--fingerprint",
            "--allow-loopback-peers",
            "--no-tls",
            "--no-dtls",
            "--no-cli",
            "--log-file=stdout",
            f"--pidfile={self._folder / 'turnserver.pid'}",
            f"--userdb={self._folder / 'turnserver.sqlite3'}",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self._wait_until_ready(self._process)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def read_log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
            process.kill()
            process.wait()
            raise AssertionError(f"turnserver did not get ready\n{self.read_log()}")

    def _answers(self) -> bool:
        """It listens on TCP too; that is easier to ask for."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
