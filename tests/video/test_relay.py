from uuid import UUID, uuid4

import pytest

from telehealth.video.domain.presence import ParticipantRole
from telehealth.video.relay import Relay

pytestmark = pytest.mark.domain

ENCOUNTER = uuid4()
CLINICIAN, PATIENT = ParticipantRole.CLINICIAN, ParticipantRole.PATIENT


def connect(relay: Relay, sid: str, role: ParticipantRole, encounter: UUID = ENCOUNTER) -> UUID:
    relay.expect(sid, encounter, uuid4(), role, uuid4(), now_s=0)
    page = uuid4()
    relay.name_page(sid, page)
    return page


def receiver_of(relay: Relay, sender: str, page: UUID) -> str | None:
    entry = relay.entry(sender)
    assert entry is not None
    found = relay.receiver(entry, str(page))
    return found.sid if found else None


def test_a_page_is_reached_from_the_moment_at_which_the_other_side_can_know_of_it() -> None:
    """The other side hears of a page at the commit, before the socket that joins has its answer."""
    relay = Relay()
    connect(relay, "clinician", CLINICIAN)
    relay.join("clinician")
    page = connect(relay, "patient", PATIENT)
    shown = relay.set_admitted(ENCOUNTER, is_admitted=True)
    assert [entry.sid for entry in shown] == ["clinician"]
    assert receiver_of(relay, "clinician", page) == "patient"


def test_nobody_is_reached_before_they_are_admitted() -> None:
    relay = Relay()
    connect(relay, "clinician", CLINICIAN)
    page = connect(relay, "patient", PATIENT)
    assert receiver_of(relay, "clinician", page) is None


def test_a_message_stays_in_its_consultation_and_goes_to_the_other_side() -> None:
    relay = Relay()
    own = connect(relay, "clinician", CLINICIAN)
    other = uuid4()
    stranger = connect(relay, "stranger", PATIENT, other)
    for encounter in (ENCOUNTER, other):
        relay.set_admitted(encounter, is_admitted=True)
    assert receiver_of(relay, "clinician", stranger) is None
    assert receiver_of(relay, "clinician", own) is None


def test_the_newest_page_drops_the_older_one_and_not_one_that_is_about_to_join() -> None:
    relay = Relay()
    connect(relay, "old", PATIENT)
    relay.join("old")
    connect(relay, "new", PATIENT)
    connect(relay, "newest", PATIENT)
    assert [entry.sid for entry in relay.join("new")] == ["old"]
    assert relay.entry("newest") is not None
    assert [entry.sid for entry in relay.join("newest")] == ["new"]


def test_rights_are_read_again_only_of_those_who_joined() -> None:
    """Before the commit the database does not know the page yet, and would call it a stranger's."""
    relay = Relay()
    connect(relay, "patient", PATIENT)
    assert relay.joined() == []
    relay.join("patient")
    assert [entry.sid for entry in relay.joined()] == ["patient"]


def test_a_page_that_reconnects_is_still_there_when_its_old_socket_dies_late() -> None:
    relay = Relay()
    page = connect(relay, "old", PATIENT)
    relay.join("old")
    relay.expect("new", ENCOUNTER, uuid4(), PATIENT, uuid4(), now_s=0)
    relay.name_page("new", page)
    relay.drop("old")
    assert relay.has_page(ENCOUNTER, PATIENT, page)
    relay.drop("new")
    assert not relay.has_page(ENCOUNTER, PATIENT, page)
