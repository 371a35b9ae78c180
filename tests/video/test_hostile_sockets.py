"""Sockets that nobody invited, and payloads that no page of ours sends."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from telehealth.extensions import socketio
from telehealth.tokens import MAX_AGE_S, SocketToken, TokenSigner
from telehealth.topics import clinic_topic
from telehealth.video.relay import BURST
from tests.video.callers import CLINICIAN, MEDIA, PATIENT, Caller, Clinic

pytestmark = pytest.mark.web


def signer(clinic: Clinic) -> TokenSigner:
    found: TokenSigner = clinic.app.extensions["telehealth.token_signer"]
    return found


def aged(clinic: Clinic, claims: dict[str, Any], age_s: int) -> str:
    """A token that this service signed so many seconds ago."""

    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - age_s

    return URLSafeTimedSerializer(clinic.app.config["SECRET_KEY"], salt="socket-token", signer=Earlier).dumps(
        {"kind": "room", **claims}
    )


def claims_of(clinic: Clinic, appointment_id: UUID) -> dict[str, Any]:
    return signer(clinic).read(clinic.token(appointment_id, PATIENT)).claims


NO_TOKENS: tuple[object, ...] = (
    None,
    {},
    [],
    "token",
    7,
    {"token": None},
    {"token": ""},
    {"token": "garbage"},
    {"token": "x" * 5000},
    {"token": ["list"]},
    {"token": {"kind": "room"}},
    {"token": 12345},
    {"other": "thing"},
)


def test_without_a_token_nobody_connects(clinic: Clinic) -> None:
    for auth in NO_TOKENS:
        assert not socketio.test_client(clinic.app, auth=auth).is_connected(), auth


def test_a_token_lives_two_minutes(clinic: Clinic) -> None:
    claims = claims_of(clinic, clinic.book())
    assert clinic.connect(aged(clinic, claims, MAX_AGE_S - 5)).is_connected
    assert not clinic.connect(aged(clinic, claims, MAX_AGE_S + 1)).is_connected
    assert not clinic.connect(aged(clinic, claims, 10**8)).is_connected


def test_tokens_of_others_are_refused(clinic: Clinic) -> None:
    claims = claims_of(clinic, clinic.book())
    foreign = [
        TokenSigner("another secret that is long enough 12345").sign(SocketToken("room", claims)),
        URLSafeTimedSerializer(clinic.app.config["SECRET_KEY"], salt="session").dumps(claims),
        signer(clinic).sign(SocketToken("unknown", claims)),
        signer(clinic).sign(SocketToken("", claims)),
        signer(clinic).sign(SocketToken("room", {})),
        signer(clinic).sign(SocketToken("room", {**claims, "encounter": "none"})),
        signer(clinic).sign(SocketToken("room", {**claims, "role": "visitor"})),
    ]
    assert [clinic.connect(token).is_connected for token in foreign] == [False] * len(foreign)


def test_a_token_with_one_character_changed_is_refused(clinic: Clinic) -> None:
    token = clinic.token(clinic.book(), PATIENT)
    # The last character has spare bits: some of its neighbours are the same signature.
    for place in range(0, len(token) - 1, 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert not clinic.connect(changed).is_connected, place


def test_the_role_is_in_the_token_not_in_what_is_sent(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient = clinic.caller(appointment_id, PATIENT)
    ack = patient.send("join", {"page": patient.page, "media": MEDIA, "role": "clinician"})
    assert ack["snapshot"]["you"]["role"] == "patient"


def test_a_colleague_does_not_join_with_a_token_of_their_own(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    for account in clinic.cast.staff():
        if account is clinic.cast.clinician:
            continue
        uninvited = clinic.connect(clinic.token(appointment_id, CLINICIAN, account))
        assert uninvited.join()["error"]["code"] == "not-allowed"


def test_an_encounter_that_does_not_exist_is_not_joined(clinic: Clinic) -> None:
    claims = {**claims_of(clinic, clinic.book()), "encounter": uuid4().hex}
    lost = clinic.connect(aged(clinic, claims, 0))
    assert lost.join()["ok"] is False


def test_a_live_page_may_send_nothing(clinic: Clinic) -> None:
    for event in ("join", "media", "connected", "leave", "signal", "changed", "other"):
        page = clinic.live_page(clinic.cast.clinician, clinic_topic(clinic.cast.practitioner_id))
        assert page.is_connected
        ack = page.send(event, {"page": page.page, "media": MEDIA})
        assert ack["ok"] is False, event
        assert not page.is_connected, event


def test_a_live_page_hears_of_its_own_topics_only(clinic: Clinic) -> None:
    pages = [
        clinic.live_page(account, clinic_topic(account.practitioner_id))
        for account in (clinic.cast.clinician, clinic.cast.colleague)
        if account.practitioner_id
    ]
    clinic.book()
    own, other = (page.heard("changed") for page in pages)
    assert {word["topic"] for word in own} == {clinic_topic(clinic.cast.practitioner_id)}
    assert all(isinstance(word["version"], int) for word in own)
    assert other == []


def test_a_room_page_hears_nothing_of_the_clinic_list(clinic: Clinic) -> None:
    patient, _ = clinic.call()
    clinic.book(1, patient=clinic.cast.other_patient)
    assert patient.socket.queue == []


def test_an_unknown_event_is_answered_and_changes_nothing(clinic: Clinic) -> None:
    patient, clinician = clinic.call()
    for event in ("admit", "end", "message", "json", "Join", "", "__init__", "signal ", "x" * 5000):
        ack = patient.send(event, {"page": patient.page})
        assert (ack["ok"], ack["error"]["code"]) == (False, "unknown-event"), event
    assert patient.signal(clinician) == {"ok": True}


@pytest.mark.parametrize("token", ["garbage", "good"])
def test_a_page_that_names_its_event_connect_is_closed(clinic: Clinic, token: str) -> None:
    """The library runs the handler of `connect` for it, past the handshake."""
    other = clinic.token(clinic.book(1, patient=clinic.cast.other_patient), PATIENT)
    for caller, environment in zip(clinic.call(), ({"flask.app": 1}, None), strict=True):
        caller.socket.emit("connect", environment, {"token": other if token == "good" else token})
        assert not caller.is_connected


def test_an_event_named_connect_that_brings_nothing_closes_too(clinic: Clinic) -> None:
    patient, _ = clinic.call()
    patient.socket.emit("connect")
    assert not patient.is_connected


def test_a_page_that_names_its_event_disconnect_is_gone(clinic: Clinic) -> None:
    patient, clinician = clinic.call()
    patient.socket.emit("disconnect", {}, 1)
    assert clinician.heard("snapshot")[-1]["peer"]["presence"] == "lost"
    assert patient.signal(clinician)["error"]["code"] == "not-allowed"
    assert not patient.is_connected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["page", "media", "audio", "video", "from", "to", "peer", "candidates", "description", "sdp"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=st.sampled_from(["join", "media", "connected", "signal"]), payload=st.lists(JSON, max_size=3))
def test_no_payload_breaks_the_room_or_changes_the_consultation(
    fuzzed: tuple[Clinic, UUID, Caller, Caller], event: str, payload: list[Any]
) -> None:
    clinic, appointment_id, patient, clinician = fuzzed
    table = clinic.app.extensions["telehealth.relay"]
    for entry in table.joined():
        entry.bucket.tokens = BURST
    before = clinic.encounter(appointment_id)
    ack = patient.send(event, *payload)
    assert ack["ok"] is False
    assert ack["error"]["code"] in ("malformed", "no-such-page")
    after = clinic.encounter(appointment_id)
    assert (after.version, after.status) == (before.version, before.status)
    assert after.participant(PATIENT).page == UUID(patient.page)
    assert clinician.heard("signal") == []


@pytest.fixture
def fuzzed(clinic: Clinic) -> tuple[Clinic, UUID, Caller, Caller]:
    appointment_id = clinic.book()
    patient, clinician = clinic.caller(appointment_id, PATIENT), clinic.caller(appointment_id, CLINICIAN)
    patient.join()
    clinic.admit(appointment_id)
    clinician.join()
    return clinic, appointment_id, patient, clinician


def test_a_number_that_would_break_the_other_sides_parser_is_not_relayed(clinic: Clinic) -> None:
    patient, clinician = clinic.call()
    for number in (float("nan"), float("inf"), -1, 2**70, 0.5, True):
        ack = patient.signal(clinician, candidates=[{"candidate": "", "sdpMLineIndex": number}])
        assert ack["error"]["code"] == "malformed", number
    assert clinician.heard("signal") == []


@pytest.mark.parametrize("event", ["signal", "media", "join", "unknown"])
def test_a_flood_is_cut_off(clinic: Clinic, event: str) -> None:
    patient, clinician = clinic.call()
    sent = 0
    while patient.is_connected and sent < 10 * BURST:
        ack = patient.send(event, {"from": "nobody"})
        sent += 1
    assert ack["error"]["code"] == "too-fast"
    assert BURST * 0.9 <= sent <= BURST * 2
    assert not patient.is_connected
    assert clinician.is_connected
    assert clinician.heard("snapshot")[-1]["peer"]["presence"] == "lost"


def test_leaving_twice_is_one_leaving(clinic: Clinic) -> None:
    patient, clinician = clinic.call()
    patient.send("leave", {})
    assert patient.send("leave", {})["error"]["code"] == "not-allowed"
    assert len(clinician.heard("snapshot")) == 1
