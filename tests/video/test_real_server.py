"""What only a real server shows: refusals, transports, broken frames, connections that die."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any
from uuid import UUID, uuid4

import pytest
import websocket

from telehealth.accounts.models import Account
from telehealth.app import create_app
from telehealth.video.domain.presence import Presence
from tests.conftest import CopyDatabase, make_config
from tests.server import LiveServer
from tests.video.callers import CLINICIAN, MEDIA, PATIENT, Clinic, wait_until
from tests.video.test_hostile_sockets import aged, claims_of

pytestmark = pytest.mark.web

HELLO_S = 10


@pytest.fixture(scope="module")
def served_url(copy_database: CopyDatabase) -> str:
    return copy_database("served")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, served_url: str) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("server"), {"TELEHEALTH_DATABASE_URL": served_url}) as running:
        yield running


@pytest.fixture(scope="module")
def clinic(server: LiveServer, served_url: str) -> Iterator[Clinic]:
    """The server's database and secret, in this process: appointments and tokens for its rooms."""
    secret = (server.folder / "instance" / "demo-secret-key").read_text(encoding="ascii")
    app = create_app(replace(make_config(server.folder, served_url), secret_key=secret))
    yield Clinic.open(app)
    app.extensions["telehealth.database"].engine.dispose()


@pytest.fixture
def appointment_id(clinic: Clinic) -> Iterator[UUID]:
    """In the first slot, which is free again afterwards."""
    made = clinic.book()
    yield made
    clinic.cancel(made)


class Wire:
    """A page's connection, frame by frame: Engine.IO 4 and Socket.IO 5 over a WebSocket."""

    def __init__(self, server: LiveServer, *, origin: str | None = None) -> None:
        self.page = str(uuid4())
        self.socket = websocket.create_connection(
            f"ws://localhost:{server.port}/socket.io/?EIO=4&transport=websocket",
            timeout=HELLO_S,
            origin=origin or server.url,
        )
        assert str(self.socket.recv()).startswith("0{")

    def receive(self) -> str:
        while (frame := str(self.socket.recv())) == "2":
            self.socket.send("3")
        return frame

    def connect(self, token: object) -> str:
        self.socket.send("40" + json.dumps({"token": token}))
        return self.receive()

    def send(self, event: str, payload: object) -> Any:
        """Send, and wait for the ack."""
        self.socket.send("427" + json.dumps([event, payload]))
        while not (frame := self.receive()).startswith("437"):
            assert frame.startswith("42"), frame
        return json.loads(frame.removeprefix("437"))[0]

    def join(self) -> Any:
        return self.send("join", {"page": self.page, "media": MEDIA})

    def wait_for(self, event: str) -> Any:
        while True:
            frame = self.receive()
            if frame.startswith(f'42["{event}"'):
                return json.loads(frame.removeprefix("42"))[1]


Open = Callable[..., Wire]


@pytest.fixture
def wire(server: LiveServer) -> Iterator[Open]:
    """A function that opens a connection; with a token it is connected to the room."""
    opened: list[Wire] = []

    def make(token: str | None = None, **options: Any) -> Wire:
        opened.append(Wire(server, **options))
        if token:
            assert opened[-1].connect(token).startswith("40{")
        return opened[-1]

    yield make
    for one in opened:
        one.socket.shutdown()  # type: ignore[no-untyped-call]


def get(server: LiveServer, path: str) -> tuple[int, dict[str, str], str]:
    connection = HTTPConnection("localhost", server.port, timeout=HELLO_S)
    connection.request("GET", path)
    answer = connection.getresponse()
    found = answer.status, dict(answer.headers), answer.read().decode()
    connection.close()
    return found


def test_a_refusal_says_whether_to_fetch_a_fresh_token(
    clinic: Clinic, appointment_id: UUID, wire: Open
) -> None:
    old = aged(clinic, claims_of(clinic, appointment_id), 121)
    for token, reason in ((old, "token-expired"), ("garbage", "not-allowed"), (None, "not-allowed")):
        assert wire().connect(token) == '44{"message":"' + reason + '"}'


def test_whoever_is_refused_hears_and_does_nothing(clinic: Clinic, appointment_id: UUID, wire: Open) -> None:
    refused = wire()
    refused.connect("garbage")
    refused.socket.send(f'42["join",{json.dumps({"page": refused.page, "media": MEDIA})}]')
    patient = wire(clinic.token(appointment_id, PATIENT))
    assert patient.join()["snapshot"]["peer"]["presence"] == "expected"
    refused.socket.settimeout(0.2)
    with pytest.raises(websocket.WebSocketTimeoutException):
        refused.receive()


def test_a_good_token_opens_the_room(clinic: Clinic, appointment_id: UUID, wire: Open) -> None:
    page = wire(clinic.token(appointment_id, PATIENT))
    assert page.join()["snapshot"]["you"] == {"role": "patient", "presence": "waiting"}
    assert page.send("nonsense", {})["error"]["code"] == "unknown-event"


def test_long_polling_is_not_offered(server: LiveServer) -> None:
    assert get(server, "/socket.io/?EIO=4&transport=polling")[0] == 400


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
def test_a_page_of_another_site_is_refused(wire: Open, origin: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException):
        wire(origin=origin)


def test_a_message_over_64_kilobytes_closes_its_own_connection(
    clinic: Clinic, appointment_id: UUID, wire: Open
) -> None:
    patient, clinician = (wire(clinic.token(appointment_id, role)) for role in (PATIENT, CLINICIAN))
    patient.join()
    clinician.join()
    patient.socket.send('42["media",{"audio":"' + "x" * 70_000 + '"}]')
    while clinician.wait_for("snapshot")["peer"]["presence"] != "lost":
        pass
    assert clinician.send("leave", {}) == {"ok": True}


def test_a_flood_closes_the_connection_itself(clinic: Clinic, appointment_id: UUID, wire: Open) -> None:
    """Not only its socket: the connection itself, which could go on sending."""
    flood = wire(clinic.token(appointment_id, PATIENT)).socket
    with suppress(OSError):  # closed before all of it is sent
        for _ in range(500):
            flood.send('42["nonsense",{}]')
    with suppress(OSError, websocket.WebSocketConnectionClosedException):
        while flood.recv():
            pass


BROKEN_FRAMES = (
    "4" + "[" * 60_000,
    '42["signal",' + "[" * 60_000,
    '42["signal",{"from":' + "9" * 6_000 + "}]",
    '42["join",NaN]',
    '42["join",{"page":"\\ud800","media":{"audio":"\\udfff","video":"on"}}]',
    "42",
    "42{}",
    "42[]",
    "42[null]",
    '42[["join"],{}]',
    '42[{"a":1},{}]',
    '42["join"',
    "42/other,[]",
    "40/other,{}",
    "43",
    "43999[{}]",
    "44{}",
    '451-["signal",{"_placeholder":true,"num":0}]',
    '459-["signal",{"_placeholder":true,"num":7}]',
    '45999999999999-["signal"]',
    "9",
    "x",
    "²",
    "b!!!",
    "1",
    "5",
)


def test_no_broken_frame_harms_the_service(clinic: Clinic, appointment_id: UUID, wire: Open) -> None:
    before = clinic.encounter(appointment_id)
    for frame in BROKEN_FRAMES:
        for token in (None, clinic.token(appointment_id, PATIENT)):
            broken = wire(token).socket
            broken.send(frame)
            broken.close()
    after = clinic.encounter(appointment_id)
    assert (after.version, after.status) == (before.version, before.status)
    assert wire(clinic.token(appointment_id, PATIENT)).join()["ok"] is True


def test_a_connection_that_dies_without_a_word_is_seen_as_lost(
    clinic: Clinic, appointment_id: UUID, wire: Open
) -> None:
    page = wire(clinic.token(appointment_id, PATIENT))
    page.join()
    assert clinic.participant(appointment_id, PATIENT).presence is Presence.WAITING
    page.socket.shutdown()  # type: ignore[no-untyped-call]
    wait_until(lambda: clinic.participant(appointment_id, PATIENT).presence is Presence.LOST)


def test_the_server_reads_the_rights_again(clinic: Clinic, appointment_id: UUID, wire: Open) -> None:
    """Changed by another process, so that nothing but reading again can tell it."""
    page = wire(clinic.token(appointment_id, CLINICIAN))
    page.join()
    with clinic.database.transaction() as session:
        session.get_one(Account, clinic.cast.clinician.id).is_active = False
    try:
        assert page.receive() == "41"
    finally:
        with clinic.database.transaction() as session:
            session.get_one(Account, clinic.cast.clinician.id).is_active = True


def test_static_files_carry_the_security_headers(server: LiveServer) -> None:
    name = get(server, "/")[2].split("/static/build/app-")[1].split('"')[0]
    status, headers, _ = get(server, f"/static/build/app-{name}")
    assert status == 200
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in headers["Cache-Control"]
