"""The room's events, as two browsers send them."""

from uuid import uuid4

import pytest

from telehealth import socket_watch
from telehealth.accounts.models import Account
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import guest
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.db import Database
from telehealth.video.domain.encounter import EncounterStatus, Outcome
from telehealth.video.domain.presence import MediaState, Presence
from telehealth.video.domain.signalling import Join
from telehealth.video.services.encounters import end_encounter
from telehealth.video.services.room import join_room
from tests.video.callers import CLINICIAN, MEDIA, PATIENT, Clinic, wait_until

pytestmark = pytest.mark.web

# As imported: the tests themselves read faster.
RIGHTS_READ_EVERY_S = socket_watch.READ_EVERY_S

OFFER: dict[str, object] = {"description": {"type": "offer", "sdp": "v=0\r\n"}}
ANSWER: dict[str, object] = {"description": {"type": "answer", "sdp": "v=0\r\n"}}
CANDIDATES: dict[str, object] = {
    "candidates": [{"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0"}, None]
}


def test_joining_answers_with_everything(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient = clinic.caller(appointment_id, PATIENT)
    ack = patient.join()
    assert ack == {
        "ok": True,
        "ice_servers": [],
        "ice_transport_policy": "all",
        "snapshot": {
            "version": clinic.encounter(appointment_id).version,
            "status": "arrived",
            "you": {"role": "patient", "presence": "waiting"},
            "peer": {
                "role": "clinician",
                "name": "Dr Nia Pritchard",
                "presence": "expected",
                "page": None,
                "media": {"audio": "asking", "video": "asking"},
            },
            "ahead": 0,
            "after_url": None,
        },
    }
    assert clinic.appointment(appointment_id).status is AppointmentStatus.ARRIVED


def test_each_side_learns_of_the_other_through_a_snapshot(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient, clinician = clinic.caller(appointment_id, PATIENT), clinic.caller(appointment_id, CLINICIAN)
    patient.join()
    ack = clinician.join()
    assert ack["snapshot"]["peer"]["page"] == patient.page
    assert ack["snapshot"]["ahead"] is None
    snapshots = patient.heard("snapshot")
    assert snapshots[-1]["peer"]["page"] == clinician.page
    versions = [snapshot["version"] for snapshot in snapshots]
    assert versions == sorted(set(versions))


def test_a_patient_who_waits_relays_nothing(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient, clinician = clinic.caller(appointment_id, PATIENT), clinic.caller(appointment_id, CLINICIAN)
    patient.join()
    clinician.join()
    for sender, receiver in ((patient, clinician), (clinician, patient)):
        assert sender.signal(receiver, **OFFER)["error"]["code"] == "no-such-page"
        assert receiver.heard("signal") == []
    clinic.admit(appointment_id)
    assert patient.signal(clinician, **OFFER) == {"ok": True}


def test_a_socket_that_has_not_joined_relays_nothing(clinic: Clinic) -> None:
    _, clinician = clinic.call()
    other = clinic.caller(clinic.book(1, patient=clinic.cast.other_patient), PATIENT)
    assert other.signal(clinician)["error"]["code"] == "not-allowed"
    assert clinician.heard("signal") == []


def test_admitting_tells_the_patient(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient = clinic.caller(appointment_id, PATIENT)
    patient.join()
    clinic.admit(appointment_id)
    (snapshot,) = patient.heard("snapshot")
    assert (snapshot["status"], snapshot["you"]["presence"]) == ("in-progress", "admitted")


def test_signals_reach_the_other_side_unchanged(clinic: Clinic) -> None:
    patient, clinician = clinic.call()
    for body in (OFFER, ANSWER, CANDIDATES, {"restart": True}):
        for sender, receiver in ((patient, clinician), (clinician, patient)):
            assert sender.signal(receiver, **body) == {"ok": True}
            assert receiver.heard("signal") == [{"from": sender.page, "to": receiver.page, **body}]
            assert sender.heard("signal") == []


def test_nobody_speaks_in_the_name_of_another_page(clinic: Clinic) -> None:
    patient, clinician = clinic.call()
    for name in (clinician.page, str(uuid4()), patient.page.upper()):
        ack = patient.send("signal", {"from": name, "to": clinician.page, **OFFER})
        assert ack["error"]["code"] == "malformed"
    assert clinician.heard("signal") == []


def test_an_unknown_page_and_ones_own_page_get_nothing(clinic: Clinic) -> None:
    patient, clinician = clinic.call()
    for page in (str(uuid4()), patient.page):
        ack = patient.send("signal", {"from": patient.page, "to": page, **OFFER})
        assert ack["error"]["code"] == "no-such-page"
    assert [caller.heard("signal") for caller in (patient, clinician)] == [[], []]


def test_two_consultations_never_mix(clinic: Clinic) -> None:
    first, second = clinic.call(), clinic.call(1, patient=clinic.cast.other_patient)
    for sender in first:
        for receiver in second:
            assert sender.signal(receiver, **OFFER)["error"]["code"] == "no-such-page"
    assert all(caller.heard("signal") == [] for caller in second)
    first[0].send("media", {"audio": "off", "video": "off"})
    assert len(first[1].heard("snapshot")) == 1
    assert all(caller.heard("snapshot") == [] for caller in second)


def test_the_newest_page_wins(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    old, new = clinic.caller(appointment_id, PATIENT), clinic.caller(appointment_id, PATIENT)
    clinician = clinic.caller(appointment_id, CLINICIAN)
    old.join()
    clinic.admit(appointment_id)
    clinician.join()
    assert new.join()["snapshot"]["you"]["presence"] == "admitted"
    assert old.heard("replaced") == [{}]
    assert not old.is_connected
    assert clinician.heard("snapshot")[-1]["peer"]["page"] == new.page
    assert clinician.signal(old)["error"]["code"] == "no-such-page"
    assert clinician.signal(new) == {"ok": True}
    participant = clinic.participant(appointment_id, PATIENT)
    assert (str(participant.page), participant.presence) == (new.page, Presence.ADMITTED)


def test_leaving_tells_the_other_side(clinic: Clinic) -> None:
    patient, clinician = clinic.call()
    assert patient.send("leave", {}) == {"ok": True}
    peer = clinician.heard("snapshot")[-1]["peer"]
    assert (peer["presence"], peer["page"]) == ("left", None)
    patient.socket.disconnect()
    assert clinician.heard("snapshot") == []


def test_a_lost_socket_is_seen_and_coming_back_needs_no_admission(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient, clinician = clinic.caller(appointment_id, PATIENT), clinic.caller(appointment_id, CLINICIAN)
    patient.join()
    clinic.admit(appointment_id)
    clinician.join()
    patient.socket.disconnect()
    assert clinician.heard("snapshot")[-1]["peer"]["presence"] == "lost"
    again = clinic.caller(appointment_id, PATIENT)
    assert again.join()["snapshot"]["you"]["presence"] == "admitted"
    assert clinician.signal(again) == {"ok": True}


def test_only_what_changed_is_told(clinic: Clinic) -> None:
    patient, clinician = clinic.call()
    patient.send("media", MEDIA)
    assert clinician.heard("snapshot") == []
    patient.send("media", {"audio": "on", "video": "off"})
    assert [snapshot["peer"]["media"]["video"] for snapshot in clinician.heard("snapshot")] == ["off"]


def test_playing_media_is_connected(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient, clinician = clinic.caller(appointment_id, PATIENT), clinic.caller(appointment_id, CLINICIAN)
    patient.join()
    clinic.admit(appointment_id)
    clinician.join()
    assert patient.send("connected", {"peer": clinician.page}) == {"ok": True}
    assert clinic.participant(appointment_id, PATIENT).presence is Presence.CONNECTED


@pytest.mark.parametrize("how", ["end", "cancel"])
def test_the_end_is_told_to_everyone_and_closes_every_socket(clinic: Clinic, how: str) -> None:
    appointment_id = clinic.book()
    callers = [clinic.caller(appointment_id, role) for role in (PATIENT, CLINICIAN)]
    callers[0].join()
    if how == "end":
        clinic.admit(appointment_id)
    callers[1].join()
    getattr(clinic, how)(appointment_id)
    expected = {"end": "finished", "cancel": "cancelled"}[how]
    after = [f"/visits/{appointment_id}/after", f"/clinic/consultations/{appointment_id}"]
    last = [caller.heard("snapshot")[-1] for caller in callers]
    assert [(one["status"], one["after_url"]) for one in last] == [(expected, url) for url in after]
    assert not any(caller.is_connected for caller in callers)
    for role in (PATIENT, CLINICIAN):
        late = clinic.caller(appointment_id, role)
        assert late.join()["error"]["code"] in ("encounter-over", "not-allowed")
    assert clinic.encounter(appointment_id).status is EncounterStatus(expected)


@pytest.mark.parametrize("how", ["admit", "cancel", "leave"])
def test_those_who_wait_hear_that_they_moved_up(clinic: Clinic, how: str) -> None:
    first, second = clinic.book(), clinic.book(1, patient=clinic.cast.other_patient)
    one, two = clinic.caller(first, PATIENT), clinic.caller(second, PATIENT)
    one.join()
    assert two.join()["snapshot"]["ahead"] == 1
    if how == "leave":
        one.send("leave", {})
    else:
        getattr(clinic, how)(first)
    assert two.heard("snapshot")[-1]["ahead"] == 0


def test_a_call_is_set_up_with_few_messages(clinic: Clinic) -> None:
    """From admitting on, counted at the service in both directions, acks included."""
    appointment_id = clinic.book()
    patient, clinician = clinic.caller(appointment_id, PATIENT), clinic.caller(appointment_id, CLINICIAN)
    patient.join()
    patient.socket.queue.clear()
    count = 0
    clinic.admit(appointment_id)
    clinician.join()
    count += 2
    for sender, receiver, body in (
        (clinician, patient, OFFER),
        (patient, clinician, ANSWER),
        *(
            (one, other, CANDIDATES)
            for one, other in ((clinician, patient), (patient, clinician))
            for _ in range(2)
        ),
    ):
        sender.socket.emit("signal", {"from": sender.page, "to": receiver.page, **body})
        count += 1
    for caller, peer in ((patient, clinician), (clinician, patient)):
        caller.socket.emit("connected", {"peer": peer.page})
        count += 1
    count += len(patient.socket.queue) + len(clinician.socket.queue)
    assert count <= 20


def test_whoever_loses_the_right_is_dropped(clinic: Clinic) -> None:
    """Nothing tells the service: it reads the rights again by itself."""
    appointment_id = clinic.book()
    patient, clinician = clinic.caller(appointment_id, PATIENT), clinic.caller(appointment_id, CLINICIAN)
    patient.join()
    clinic.admit(appointment_id)
    clinician.join()
    with clinic.database.transaction() as session:
        session.get_one(Account, clinic.cast.clinician.id).is_active = False
    wait_until(lambda: not clinician.is_connected)
    assert patient.is_connected
    assert patient.signal(clinician)["error"]["code"] == "no-such-page"
    with pytest.raises(AssertionError):
        clinic.caller(appointment_id, CLINICIAN)  # a disabled account has no sign-in to make a token for


def test_an_end_that_another_process_made_is_told_too(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient = clinic.caller(appointment_id, PATIENT)
    patient.join()
    with Database(clinic.database.engine).transaction() as session:
        who = actor_of(clinic.cast.clinician)
        end_encounter(session, who, appointment_id, outcome=Outcome.COMPLETED, next_steps="")
    wait_until(lambda: not patient.is_connected)
    last = patient.heard("snapshot")[-1]
    assert (last["status"], last["after_url"]) == ("finished", f"/visits/{appointment_id}/after")


def test_a_newer_page_at_another_process_replaces_too(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient = clinic.caller(appointment_id, PATIENT)
    patient.join()
    with Database(clinic.database.engine).transaction() as session:
        encounter = clinic.encounter(appointment_id)
        join = Join(uuid4(), MediaState.ON, MediaState.ON)
        join_room(session, guest([appointment_id]), encounter.id, PATIENT, join)
    wait_until(lambda: not patient.is_connected)
    assert patient.heard("replaced") == [{}]


def test_the_rights_are_read_every_three_seconds() -> None:
    assert RIGHTS_READ_EVERY_S <= 3
