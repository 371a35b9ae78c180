"""`telehealth run`: what `make run` starts, stops and finds again."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from telehealth.keyring import new_key_line
from tests.keys import KEY_LINE
from tests.server import PASSWORD, LiveServer, free_port

pytestmark = pytest.mark.process

TELEHEALTH = str(Path(sys.executable).with_name("telehealth"))


def run(
    environment: dict[str, str], folder: Path, *, command: str = "run"
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELEHEALTH_")}
    return subprocess.run(
        [TELEHEALTH, command],
        cwd=folder,
        env={**kept, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def patients_in(server: LiveServer) -> int:
    with closing(sqlite3.connect(server.database_path)) as database:
        count: int = database.execute("SELECT count(*) FROM patient").fetchone()[0]
    return count


def test_it_says_who_can_sign_in_and_how_to_join_stop_and_reset(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        said = server.read_log()
    assert f"{server.url}/sign-in" in said
    assert PASSWORD in said
    for email in ("reception@demo.example", "clinician@demo.example", "admin@demo.example"):
        assert email in said
    assert len(re.findall(rf"{server.url}/join/\S+", said)) >= 3
    assert "Ctrl-C" in said
    assert "make reset" in said


def test_it_stops_whole_and_finds_its_data_again(tmp_path: Path) -> None:
    server = LiveServer(tmp_path)
    server.start()
    first_links = set(re.findall(r"/join/\S+", server.read_log()))
    assert server.stop() == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0
    before = patients_in(server)
    with server:
        assert patients_in(server) == before
        again = set(re.findall(r"/join/\S+", server.read_log()))
    assert again == first_links


def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    server = LiveServer(tmp_path)
    server.start()
    process = server._process
    assert process is not None
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=20) == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        listening = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
        port = f":{server.port:04X}"
        addresses = {line.split()[1] for line in listening if line.split()[1].endswith(port)}
        everywhere = Path("/proc/net/tcp6").read_text(encoding="ascii")
    assert {address.split(":")[0] for address in addresses} == {"0100007F"}
    assert f"00000000000000000000000000000000{port}" not in everywhere


def test_a_port_in_use_is_said_in_words(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with LiveServer(tmp_path / "first") as server:
        answer = run({"TELEHEALTH_DEMO": "1", "PORT": str(server.port)}, tmp_path / "second")
    assert answer.returncode == 2
    assert f"Port {server.port} is in use" in answer.stderr
    assert "PORT=" in answer.stderr


def test_outside_the_demo_it_refuses_to_start_without_its_settings(tmp_path: Path) -> None:
    answer = run({}, tmp_path)
    assert answer.returncode == 2
    assert "TELEHEALTH_BASE_URL" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "instance").exists()


def test_logs_hold_neither_join_tokens_nor_dates_of_birth(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        announced = server.read_log()
        path = re.findall(r"/join/\S+", announced)[0]
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", path)
        assert connection.getresponse().status == 200
        connection.close()
        logged = server.read_log()[len(announced) :]
    assert '"endpoint": "video.join"' in logged
    assert path.removeprefix("/join/") not in logged


def test_refreshing_the_demo_throws_nobody_out_of_a_running_service(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        with closing(sqlite3.connect(server.database_path)) as database:
            appointment, organisation, service = database.execute(
                "SELECT id, organisation_id, service_id FROM appointment LIMIT 1"
            ).fetchone()
            encounter, page = "1" * 32, "2" * 32
            database.execute(
                "INSERT INTO encounter (id, organisation_id, service_id, appointment_id, status, version)"
                " VALUES (?, ?, ?, ?, 'arrived', 1)",
                (encounter, organisation, service, appointment),
            )
            database.execute(
                "INSERT INTO encounter_participant (id, organisation_id, encounter_id, role, presence,"
                " present_since, page, audio, video)"
                " VALUES (?, ?, ?, 'patient', 'waiting', '2027-01-12 14:30:00.000000', ?, 'on', 'on')",
                ("3" * 32, organisation, encounter, page),
            )
            database.commit()
        environment = {
            "TELEHEALTH_INSTANCE_PATH": str(server.database_path.parent),
            "TELEHEALTH_DEMO_PASSWORD": PASSWORD,
            "TELEHEALTH_KEYS": KEY_LINE,
            "PORT": str(server.port),
        }
        assert run(environment, tmp_path, command="demo").returncode == 0
        assert pages_in(server) == [page]
        server.stop()
    with server:
        assert pages_in(server) == [None]


def pages_in(server: LiveServer) -> list[str | None]:
    with closing(sqlite3.connect(server.database_path)) as database:
        return [page for (page,) in database.execute("SELECT page FROM encounter_participant")]


def test_the_demo_keeps_a_key_ring_of_its_own_and_says_when_it_is_gone(tmp_path: Path) -> None:
    ring = tmp_path / "instance" / "demo-keys"
    assert run({}, tmp_path, command="demo").returncode == 0
    assert ring.stat().st_mode & 0o777 == 0o600
    kept = ring.read_bytes()
    assert run({}, tmp_path, command="demo").returncode == 0
    assert ring.read_bytes() == kept
    answer = run({"TELEHEALTH_KEYS": new_key_line("other")}, tmp_path, command="demo")
    assert answer.returncode == 2
    assert "the key ring lacks: demo." in answer.stderr
    assert "Traceback" not in answer.stderr


def test_two_services_do_not_run_on_the_same_data(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        environment = {
            "TELEHEALTH_DEMO": "1",
            "TELEHEALTH_INSTANCE_PATH": str(server.database_path.parent),
            "PORT": str(free_port()),
        }
        answer = run(environment, tmp_path)
    assert answer.returncode == 2
    assert "running already" in answer.stderr
