"""A protected patient's room: relays alone, no address passes, and no video at all where there is no relay."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.protection import end_protection
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.models import Appointment
from telehealth.extensions import socketio
from telehealth.video.ice import has_relay, ice_servers
from tests.factories import Cast, at, open_visit, protect, sign_in
from tests.page_checks import CheckedClient
from tests.video.callers import CLINICIAN, PATIENT, Caller, Clinic, wait_until

pytestmark = pytest.mark.web

RELAY = "candidate:1 1 udp 41885439 198.51.100.7 49203 typ relay raddr 0.0.0.0 rport 0"
BEHIND = "candidate:1 1 udp 41885439 198.51.100.7 49203 typ relay raddr 192.0.2.4 rport 9"
HOST = "candidate:1 1 udp 2113937151 192.0.2.4 56143 typ host"
TURN = "turn:relay.example.org:3478"


def configure(app: Flask, *, turn: bool) -> None:
    app.extensions["telehealth.config"] = replace(
        app.extensions["telehealth.config"],
        turn_urls=("stun:relay.example.org:3478", TURN) if turn else ("stun:relay.example.org:3478",),
        turn_secret="only for tests: a shared secret" if turn else None,
    )


@pytest.fixture
def relayed(clinic: Clinic) -> Clinic:
    """With a TURN server; the cast's patient is protected."""
    configure(clinic.app, turn=True)
    with clinic.database.transaction() as session:
        protect(session, clinic.cast)
    return clinic


@pytest.fixture
def unrelayed(clinic: Clinic) -> Clinic:
    configure(clinic.app, turn=False)
    with clinic.database.transaction() as session:
        protect(session, clinic.cast)
    return clinic


def description(sdp: str) -> dict[str, Any]:
    return {"description": {"type": "offer", "sdp": sdp}}


def test_both_sides_are_told_to_use_relays_alone(relayed: Clinic) -> None:
    appointment_id = relayed.book()
    acks = [relayed.caller(appointment_id, role).join() for role in (PATIENT, CLINICIAN)]
    for ack in acks:
        assert ack["ice_transport_policy"] == "relay"
        assert [server["urls"] for server in ack["ice_servers"]] == [[TURN]]


def test_another_patients_room_is_as_ever(relayed: Clinic) -> None:
    appointment_id = relayed.book(patient=relayed.cast.other_patient)
    ack = relayed.caller(appointment_id, PATIENT).join()
    assert ack["ice_transport_policy"] == "all"
    assert len(ack["ice_servers"]) == 2
    patient, clinician = relayed.call(1, patient=relayed.cast.other_patient)
    assert patient.signal(clinician, candidates=[{"candidate": HOST}]) == {"ok": True}


@pytest.mark.parametrize("is_patient", [True, False])
@pytest.mark.parametrize(
    "parts",
    [
        {"candidates": [{"candidate": HOST}]},
        {"candidates": [{"candidate": RELAY}, {"candidate": BEHIND}]},
        description(f"v=0\r\na={HOST}\r\n"),
        description("v=0\r\nc=IN IP4 192.0.2.4\r\n"),
        description("v=0\r\no=- 1 2 IN IP4 192.0.2.4\r\n"),
    ],
)
def test_what_shows_an_address_does_not_pass(
    relayed: Clinic, parts: dict[str, Any], is_patient: bool
) -> None:
    callers = relayed.call()
    sender, receiver = callers if is_patient else reversed(callers)
    ack = sender.signal(receiver, **parts)
    assert (ack["ok"], ack["error"]["code"]) == (False, "relay-only")
    assert receiver.heard("signal") == []


@pytest.mark.parametrize(
    "parts",
    [
        {"candidates": [{"candidate": RELAY}, None]},
        {"restart": True},
        description(f"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nc=IN IP4 0.0.0.0\r\na={RELAY}\r\n"),
    ],
)
def test_what_shows_none_passes(relayed: Clinic, parts: dict[str, Any]) -> None:
    patient, clinician = relayed.call()
    assert patient.signal(clinician, **parts) == {"ok": True}
    assert len(clinician.heard("signal")) == 1


def test_without_a_relay_nobody_joins(unrelayed: Clinic) -> None:
    appointment_id = unrelayed.book()
    for role in (PATIENT, CLINICIAN):
        ack = unrelayed.caller(appointment_id, role).join()
        assert (ack["ok"], ack["error"]["code"]) == (False, "no-relay")
        assert "ice_servers" not in ack


def test_without_a_relay_the_pages_offer_the_phone(unrelayed: Clinic) -> None:
    appointment_id = unrelayed.book()
    patient, clinician = unrelayed.app.test_client(), unrelayed.app.test_client()
    assert isinstance(patient, CheckedClient)
    assert isinstance(clinician, CheckedClient)
    open_visit(patient, unrelayed.appointment(appointment_id))
    for place in ("", "/room", "/room?camera=off"):
        answer = patient.get(f"/visits/{appointment_id}{place}")
        page = patient.get_page(f"/visits/{appointment_id}{place}")
        assert "We will phone you" in page
        assert "data-token" not in page
        assert "camera=(self)" not in answer.headers["Permissions-Policy"]
    sign_in(clinician, unrelayed.cast.clinician)
    page = clinician.get_page(f"/clinic/consultations/{appointment_id}")
    assert "Phone this patient" in page
    assert "07700 900123" in page
    assert "data-token=" not in page


def test_where_the_phone_is_not_safe_nobody_is_told_to_use_it(unrelayed: Clinic) -> None:
    with unrelayed.database.transaction() as session:
        protect(session, unrelayed.cast, is_phone_safe=False, is_email_safe=True)
    appointment_id = unrelayed.book()
    patient, clinician = unrelayed.app.test_client(), unrelayed.app.test_client()
    assert isinstance(patient, CheckedClient)
    assert isinstance(clinician, CheckedClient)
    open_visit(patient, unrelayed.appointment(appointment_id))
    page = patient.get_page(f"/visits/{appointment_id}")
    assert "Call us about your appointment" in page
    assert "We will" not in page.replace("we will find", "")
    sign_in(clinician, unrelayed.cast.clinician)
    assert "Do not call this patient" in clinician.get_page(f"/clinic/consultations/{appointment_id}")


def test_a_patient_who_is_protected_during_a_call_is_relayed_from_then_on(clinic: Clinic) -> None:
    configure(clinic.app, turn=True)
    callers = clinic.call()
    with clinic.database.transaction() as session:
        protect(session, clinic.cast)
    wait_until(lambda: not any(caller.is_connected for caller in callers))
    appointment_id = next(iter(appointments_of(clinic)))
    ack = clinic.caller(appointment_id, PATIENT).join()
    assert ack["ice_transport_policy"] == "relay"


def test_one_side_that_still_has_the_old_rule_passes_no_address(relayed: Clinic) -> None:
    patient, clinician = relayed.call()
    table = relayed.app.extensions["telehealth.relay"]
    for entry in table.joined():
        if entry.role is PATIENT:
            table.set_relay_only(entry.sid, is_relay_only=False)
            break
    ack = patient.signal(clinician, candidates=[{"candidate": HOST}])
    assert not ack["ok"]


def test_credentials_are_given_afresh(relayed: Clinic) -> None:
    patient, _ = relayed.call()
    ack = patient.send("ice", {})
    assert ack["ok"]
    assert ack["ice_transport_policy"] == "relay"
    assert ack["ice_servers"][0]["username"].partition(":")[0].isdigit()


def test_credentials_are_for_those_who_joined(relayed: Clinic) -> None:
    appointment_id = relayed.book()
    caller = relayed.caller(appointment_id, PATIENT)
    assert caller.send("ice", {})["ok"] is False
    stranger = Caller(socketio.test_client(relayed.app, auth={"token": "none"}))
    assert not stranger.is_connected


def test_after_the_protection_ends_the_room_is_as_ever(relayed: Clinic) -> None:
    with relayed.database.transaction() as session:
        patient = session.merge(relayed.cast.patient)
        end_protection(session, actor_of(relayed.cast.receptionist), patient, relayed.cast.service.id)
    ack = relayed.caller(relayed.book(), PATIENT).join()
    assert ack["ice_transport_policy"] == "all"


def test_a_clinician_of_another_service_is_not_told_the_name(relayed: Clinic) -> None:
    """Only the service that protects the patient knows who it is: here, not the one of the consultation."""
    with relayed.database.transaction() as session:
        patient, cast = session.merge(relayed.cast.patient), relayed.cast
        end_protection(session, actor_of(cast.receptionist), patient, cast.service.id)
        protect_elsewhere(session, cast)
    appointment_id = relayed.book()
    relayed.caller(appointment_id, PATIENT).join()
    ack = relayed.caller(appointment_id, CLINICIAN).join()
    assert ack["snapshot"]["peer"]["name"] == "Protected patient"


def protect_elsewhere(session: Session, cast: Cast) -> None:
    protect(
        session,
        replace(cast, service=cast.other_service, receptionist=cast.other_service_receptionist),
    )


def appointments_of(clinic: Clinic) -> set[UUID]:
    with clinic.database.reading() as session:
        return set(session.scalars(select(Appointment.id)))


def test_a_relay_needs_an_address_and_a_secret() -> None:
    moment = at("2027-01-12 10:00")
    assert has_relay((TURN,), "secret")
    for urls, secret in (((), "secret"), (("stun:x",), "secret"), ((TURN,), None)):
        assert not has_relay(urls, secret)
    servers = ice_servers(("stun:x", TURN), "secret", "me", moment, is_relay_only=True)
    assert [server["urls"] for server in servers] == [[TURN]]
    assert servers[0]["username"] == f"{int(moment.timestamp()) + 3600}:me"
