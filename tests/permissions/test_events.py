"""Everybody asks for a token of the room as their page would, and sends every event that they then can."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from telehealth.audit.models import AuditEvent
from telehealth.guards import event_policies
from telehealth.video.domain.presence import Presence
from telehealth.video.relay import Relay
from tests.permissions.expected.events import EVENTS
from tests.permissions.outcomes import Outcome, compare, read_table
from tests.permissions.people import EVERYBODY, STAFF, Person
from tests.permissions.scene import COOKIE, Scene, set_scene
from tests.video.callers import CLINICIAN, MEDIA, PATIENT, Caller, Clinic

pytestmark = pytest.mark.web

EXPECTED = read_table(EVENTS)
# What a socket may do before its page has joined.
FIRST = frozenset({"connect", "disconnect", "join"})


@dataclass
class Rooms:
    """A call that goes on, a second one beside it, and the cast of the first."""

    scene: Scene
    clinic: Clinic
    sides: dict[str, Caller]
    other_call: tuple[Caller, Caller]

    def token_of(self, person: Person) -> str | None:
        """As the person's own page gets it; None for 404."""
        client = self.scene.app.test_client()
        client.set_cookie(COOKIE, self.scene.cookies[person.key], domain="localhost")
        role = CLINICIAN if person in STAFF else PATIENT
        answer = client.get(
            f"/visits/{self.scene.appointment.id}/token?role={role.value}",
            headers={"Accept": "application/json"},
        )
        assert answer.status_code in (200, 404), person.key
        return str(answer.get_json()["token"]) if answer.status_code == 200 else None


@pytest.fixture
def rooms(own_app: Flask) -> Iterator[Rooms]:
    engine = own_app.extensions["telehealth.database"].engine
    with engine.connect().execution_options(is_writer=True) as connection, connection.begin():
        scene = set_scene(own_app, connection)
    clinic = Clinic(own_app, scene.cast)
    sides = {role.value: clinic.caller(scene.appointment.id, role) for role in (PATIENT, CLINICIAN)}
    assert sides["patient"].join()["ok"]
    clinic.admit(scene.appointment.id)
    assert sides["clinician"].join()["ok"]
    yield Rooms(scene, clinic, sides, clinic.call(9))
    table: Relay = own_app.extensions["telehealth.relay"]
    for entry in table.joined():
        table.drop(entry.sid)


def test_every_event_is_written_down() -> None:
    assert sorted(EXPECTED) == sorted(event_policies)


@pytest.mark.parametrize("event", sorted(EXPECTED))
def test_everybody_may_send_what_is_written_down(rooms: Rooms, event: str) -> None:
    outcomes = [try_event(rooms, person, event) for person in EVERYBODY]
    differences = compare(EXPECTED[event].letters, outcomes)
    assert not differences, "\n".join([event, *differences])
    if EXPECTED[event].action:
        with rooms.clinic.database.reading() as session:
            assert EXPECTED[event].action in session.scalars(select(AuditEvent.action)).all()


def try_event(rooms: Rooms, person: Person, event: str) -> str:
    token = rooms.token_of(person)
    if token is None:
        return Outcome.NOT_FOUND
    caller = rooms.clinic.connect(token)
    if not caller.is_connected:
        return "a token that does not connect"
    role = CLINICIAN if person in STAFF else PATIENT
    other = rooms.sides["patient" if role is CLINICIAN else "clinician"]
    if event not in FIRST and send(caller, event, other).get("ok"):
        return "sent without having joined"
    if event != "connect" and not caller.join()["ok"]:
        return "did not get into the room"
    rooms.sides[role.value] = caller
    if event == "disconnect":
        caller.socket.disconnect()
        is_noticed = rooms.clinic.participant(rooms.scene.appointment.id, role).page is None
        return Outcome.DONE if is_noticed else "nobody noticed"
    if event in ("connect", "join"):
        return Outcome.DONE
    # The same event, aimed at the call beside it.
    if event == "signal" and any(send(caller, event, stranger).get("ok") for stranger in rooms.other_call):
        return "reached another consultation"
    if not send(caller, event, other).get("ok"):
        return "refused in the room"
    if event == "signal":
        return Outcome.DONE if other.heard("signal") else "not passed on"
    if event == "leave":
        presence = rooms.clinic.participant(rooms.scene.appointment.id, role).presence
        return Outcome.DONE if presence is Presence.LEFT else f"still {presence.value}"
    return Outcome.DONE


def send(caller: Caller, event: str, other: Caller) -> dict[str, object]:
    payload = {
        "media": MEDIA,
        "connected": {"peer": other.page},
        "signal": {"from": caller.page, "to": other.page, "restart": True},
    }.get(event, {})
    ack = caller.send(event, payload)
    assert isinstance(ack, dict)
    return ack


@pytest.mark.parametrize("token", [None, "", "x", 1, {}, "a.b.c"])
def test_without_a_token_of_ours_there_is_no_socket(rooms: Rooms, token: object) -> None:
    assert not rooms.clinic.connect(token).is_connected
