"""The attack: everybody books, moves and cancels at once, some are killed, and afterwards nothing is wrong."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from telehealth.db import Database, make_engine
from tests.attack.checks import find_violations, read_tables
from tests.attack.client import STOP
from tests.attack.journal import read_lines
from tests.attack.sabotage import Saboteur, let_lapse, overlap
from tests.attack.servers import PROJECT, AttackedServer
from tests.attack.stage import make_plan
from tests.attack.told import count_answers, read_acknowledged

pytestmark = [pytest.mark.attack, pytest.mark.timeout(0)]

SECONDS = float(os.environ.get("TELEHEALTH_ATTACK_SECONDS", "20"))
PROCESSES = int(os.environ.get("TELEHEALTH_ATTACK_PROCESSES", "6"))
# A third of them, and never none, are patients and people whom nobody knows yet.
PATIENTS = max(1, PROCESSES // 3)
# A busy machine, or a few clients, get so many times as long, until enough was done for an attack.
PATIENCE = 5
LEAST_PATIENCE_S = 100.0
ENOUGH = {"booked": 15, "booked-own": 5, "held": 15, "moved": 3, "cancelled": 3}
# How often a client, and a worker of the server, is killed: one is back only after seconds.
KILL_CLIENT_EVERY_S = 4.0
KILL_SERVER_EVERY_S = 7.0
# What a page may answer while everybody wants the same: done, shown, gone, taken, wrong, too many, busy.
EXPECTED = {"200", "303", "404", "409", "422", "429", "503", "lost"}
FINISH_WITHIN_S = 90
# The error, its detail (two processes, two statements of several lines), hint, context and statement.
LINES_OF_A_DEADLOCK = 40


@dataclass(slots=True)
class Crowd:
    """The client processes; whoever is killed gets a successor with a seed of its own."""

    folder: Path
    chance: random.Random
    running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    killed: int = 0

    def send(self, number: int) -> None:
        seed = self.chance.randrange(10**6)
        with (self.folder / "clients.log").open("ab") as log:
            self.running[number] = subprocess.Popen(
                [sys.executable, "-m", "tests.attack.client", self.folder, str(number), str(seed)],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill_one(self) -> None:
        number = self.chance.choice(sorted(self.running))
        self.running[number].send_signal(signal.SIGKILL)
        self.running[number].wait()
        self.killed += 1
        self.send(number)

    def read_journals(self) -> list[dict[str, Any]]:
        return list(read_lines(sorted(self.folder.glob("client-*.jsonl"))))

    def has_done_enough(self) -> bool:
        done = Counter(line["what"] for line in self.read_journals())
        return all(done[what] >= least for what, least in ENOUGH.items())

    def finish(self) -> list[int]:
        """Tell them to stop after what they are doing; returns how each ended."""
        (self.folder / STOP).touch()
        return [process.wait(FINISH_WITHIN_S) for process in self.running.values()]

    def end(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


def test_nothing_clashes_and_nothing_is_lost(own_database_url: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("TELEHEALTH_ATTACK_SEED") or random.SystemRandom().randrange(10**6))
    print(f"seed {seed}")
    assert PROCESSES > PATIENTS, (
        "An attack needs two clients or more: a desk, and a patient. Give CLIENTS=2 at least."
    )
    server = AttackedServer(tmp_path, own_database_url)
    database = Database(make_engine(own_database_url))
    with database.transaction() as session:
        plan = make_plan(session, port=server.port, receptionists=PROCESSES - PATIENTS)
    database.engine.dispose()
    plan.save(tmp_path / "plan.json")
    deadlocks_before = _count_deadlocks(own_database_url)
    chance = random.Random(seed)
    crowd = Crowd(tmp_path, chance)
    with _running(server):
        lapses = Saboteur(own_database_url, let_lapse, every_s=2.0, seed=seed)
        intruder = Saboteur(own_database_url, overlap, every_s=0.1, seed=seed)
        try:
            for number in range(PROCESSES):
                crowd.send(number)
            kills = _wreak_havoc(server, crowd, chance)
            endings = crowd.finish()
        finally:
            crowd.end()
            lapses.stop()
            intruder.stop()
    assert endings == [0] * PROCESSES, (tmp_path / "clients.log").read_text(encoding="utf-8")
    lines = crowd.read_journals()
    answers = count_answers(lines)
    read_at = datetime.now(UTC)
    told = read_acknowledged(lines, frozenset(lapses.results), read_at)
    engine = create_engine(own_database_url, poolclass=NullPool)
    with engine.connect() as connection:
        tables = read_tables(connection, read_at)
    print(
        f"{sum(sum(each.values()) for each in answers.values())} answers, {len(tables.appointments)} appointments, "
        f"{len(told.booked)} acknowledged, {len(told.booked_own)} by patients, {len(told.moved)} moved, {len(told.cancelled)} cancelled, "
        f"{len(told.held)} held, {len(lapses.results)} lapsed, {intruder.tries} intrusions, "
        f"{crowd.killed} clients and {kills} servers killed"
    )
    for kind, counted in answers.items():
        print(f"  {kind}: {counted}")
    assert find_violations(tables, told) == []
    assert intruder.results == []
    assert _count_deadlocks(own_database_url) == deadlocks_before, _read_deadlocks(own_database_url)
    unexpected = {kind: counted for kind, counted in answers.items() if not counted.keys() <= EXPECTED}
    assert not unexpected, f"{unexpected}\n{_read_errors(server)}"
    # Otherwise it was no attack.
    assert crowd.has_done_enough()
    assert crowd.killed
    assert kills


@contextmanager
def _running(server: AttackedServer) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop()


def _wreak_havoc(server: AttackedServer, crowd: Crowd, chance: random.Random) -> int:
    """Kill clients and servers until the time is over; returns how many servers."""
    kills = 0
    began = time.monotonic()
    next_client, next_server = began + KILL_CLIENT_EVERY_S, began + KILL_SERVER_EVERY_S / 2
    deadline = began + max(SECONDS * PATIENCE, LEAST_PATIENCE_S)
    while (current := time.monotonic()) < deadline:
        if current > began + SECONDS and kills and crowd.has_done_enough():
            break
        if current >= next_client:
            crowd.kill_one()
            next_client = current + chance.uniform(0.5, 1.5) * KILL_CLIENT_EVERY_S
        if current >= next_server:
            kills += server.kill_one(chance.randrange(100))
            next_server = time.monotonic() + chance.uniform(0.5, 1.5) * KILL_SERVER_EVERY_S
        time.sleep(0.05)
    return kills


def _read_errors(server: AttackedServer) -> str:
    lines = [line for line in server.read_log().splitlines() if '"level": "info"' not in line]
    return "\n".join(lines)[-6000:]


def _count_deadlocks(url: str) -> int:
    if url.startswith("sqlite"):
        return 0
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return int(
            connection.execute(
                text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            ).scalar_one()
        )


def _read_deadlocks(url: str) -> str:
    """Who waited for whom, as the private server's log tells it."""
    log = Path(str(make_url(url).query.get("host", ""))) / "log"
    if not log.is_file():
        return "The log of this database server cannot be read here."
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    told = [number for number, line in enumerate(lines) if "deadlock detected" in line]
    return "\n".join(line for number in told for line in lines[number : number + LINES_OF_A_DEADLOCK])
