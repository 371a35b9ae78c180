"""Protected patients: who knows them, and where anything may be sent."""

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.protection import At, Never, Now
from telehealth.accounts.models import ContactKind, RelatedPerson
from telehealth.accounts.services.authorities import whom_may_represent
from telehealth.accounts.services.patient_search import find_patients, has_hidden_match
from telehealth.accounts.services.patients import (
    NhsNumberTaken,
    PatientDetails,
    get_patient,
    register_patient,
)
from telehealth.accounts.services.protection import (
    SafeWays,
    end_protection,
    find_hidden,
    is_protected,
    protect_patient,
    when_to_contact,
)
from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.clock import now
from telehealth.errors import InvalidInput, NotFound
from tests.factories import Cast, at, make_carer, make_patient, protect

pytestmark = pytest.mark.service

PHONE, EMAIL = ContactKind.PHONE, ContactKind.EMAIL
OWN_PHONE, OWN_EMAIL = "+447700900123", "patient@example.test"
MOMENT = at("2027-01-12 12:00")


def test_only_the_service_that_protects_knows_the_patient(session: Session, cast: Cast) -> None:
    protect(session, cast)
    for account in (cast.receptionist, cast.clinician, cast.administrator):
        assert get_patient(session, actor_of(account), cast.patient.id) is cast.patient
        assert not find_hidden(session, actor_of(account), [cast.patient.id])
    stranger = actor_of(cast.other_service_receptionist)
    with pytest.raises(NotFound):
        get_patient(session, stranger, cast.patient.id)
    assert find_hidden(session, stranger, [cast.patient.id, cast.other_patient.id]) == {cast.patient.id}
    assert get_patient(session, stranger, cast.other_patient.id) is cast.other_patient


def test_no_search_of_another_service_finds_a_protected_patient(session: Session, cast: Cast) -> None:
    known = make_patient(session, cast.service, given_name="Mali", nhs_number="9990000018")
    protect(session, cast, known)
    stranger = actor_of(cast.other_service_receptionist)
    for query in ("mali", "morgan", "5/3/1948", "9990000018", "07700 900123", OWN_EMAIL, "0123"):
        for actor, is_known in ((actor_of(cast.receptionist), True), (stranger, False)):
            found = {each.patient for each in find_patients(session, actor, query)}
            assert (known in found) is is_known, query
    assert has_hidden_match(session, stranger, "999 000 0018")
    for query in ("mali", "999000001", "9990000026", ""):
        assert not has_hidden_match(session, stranger, query)
    assert not has_hidden_match(session, actor_of(cast.receptionist), "9990000018")


def test_a_hidden_record_is_not_registered_twice_and_not_named(session: Session, cast: Cast) -> None:
    known = make_patient(session, cast.service, nhs_number="9990000018")
    protect(session, cast, known)
    details = PatientDetails(
        given_name="X",
        family_name="Y",
        birth_date=known.birth_date,
        nhs_number="9990000018",
        phone=None,
        email=None,
    )
    with pytest.raises(NhsNumberTaken) as refusal:
        register_patient(session, actor_of(cast.other_service_receptionist), details)
    assert refusal.value.patient_id is None


def test_who_is_not_protected_may_be_written_to_anywhere(session: Session, cast: Cast) -> None:
    assert when_to_contact(session, cast.patient.id, EMAIL, "carer@example.test", MOMENT) == Now()


@pytest.mark.parametrize(
    ("ways", "channel", "to", "expected"),
    [
        ({}, PHONE, OWN_PHONE, Now()),
        ({}, EMAIL, OWN_EMAIL, Never()),
        ({"is_email_safe": True}, EMAIL, OWN_EMAIL.upper(), Now()),
        ({"is_email_safe": True}, EMAIL, "mother@example.test", Never()),
        ({}, PHONE, "+447700900999", Never()),
        ({"is_phone_safe": False}, PHONE, OWN_PHONE, Never()),
        (
            {"safe_from": time(14), "safe_until": time(16)},
            PHONE,
            OWN_PHONE,
            At(at("2027-01-12 14:00")),
        ),
    ],
)
def test_only_safe_channels_in_safe_hours_and_nobody_else(
    session: Session, cast: Cast, ways: dict[str, Any], channel: ContactKind, to: str, expected: object
) -> None:
    protect(session, cast, **ways)
    assert when_to_contact(session, cast.patient.id, channel, to, MOMENT) == expected


def test_what_is_safe_can_be_changed_and_ended(session: Session, cast: Cast) -> None:
    protect(session, cast)
    protect(session, cast, is_phone_safe=False, is_email_safe=True)
    assert when_to_contact(session, cast.patient.id, PHONE, OWN_PHONE, MOMENT) == Never()
    assert when_to_contact(session, cast.patient.id, EMAIL, OWN_EMAIL, MOMENT) == Now()
    end_protection(session, actor_of(cast.receptionist), cast.patient, cast.service.id)
    assert not is_protected(session, cast.patient.id)
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.recorded_at)).all()
    assert actions.count("patient.protected") == 2
    assert actions.count("patient.protection-ended") == 1
    with pytest.raises(NotFound):
        end_protection(session, actor_of(cast.receptionist), cast.patient, cast.service.id)


def test_staff_protect_for_their_own_service_alone(session: Session, cast: Cast) -> None:
    ways = SafeWays(is_phone_safe=True, is_email_safe=True)
    for account in (cast.other_service_receptionist, cast.other_organisation_receptionist):
        with pytest.raises(NotFound):
            protect_patient(session, actor_of(account), cast.patient, cast.service.id, ways)
    foreign = actor_of(cast.other_organisation_receptionist)
    with pytest.raises(NotFound):
        protect_patient(session, foreign, cast.patient, cast.other_organisation_service.id, ways)


@pytest.mark.parametrize(("first", "last"), [(time(9), None), (None, time(9)), (time(9), time(9))])
def test_hours_that_are_none_are_refused(
    session: Session, cast: Cast, first: time | None, last: time | None
) -> None:
    with pytest.raises(InvalidInput):
        protect(session, cast, safe_from=first, safe_until=last)


def test_nobody_acts_for_a_protected_patient(session: Session, cast: Cast) -> None:
    authority = make_carer(session, cast.patient)
    assert whom_may_represent(session, authority.related_person_id) == {cast.patient.id}
    protect(session, cast)
    assert whom_may_represent(session, authority.related_person_id) == set()


def test_an_authority_counts_on_its_days_alone(session: Session, cast: Cast) -> None:
    authority = make_carer(session, cast.patient)
    for first, last, counts in ((0, 0, True), (1, None, False), (-2, -1, False), (-1, 1, True)):
        day = now().date()
        authority.valid_until = None
        session.flush()
        authority.valid_from = day + timedelta(days=first)
        authority.valid_until = day + timedelta(days=last) if last is not None else None
        session.flush()
        assert bool(whom_may_represent(session, authority.related_person_id)) is counts, (first, last)


def test_the_same_person_is_recorded_once(session: Session, cast: Cast) -> None:
    first = make_carer(session, cast.patient, email="eleri@example.test")
    again = make_carer(session, cast.other_patient)
    assert again.related_person_id == first.related_person_id
    assert len(session.scalars(select(RelatedPerson)).unique().all()) == 1
    assert whom_may_represent(session, first.related_person_id) == {cast.patient.id, cast.other_patient.id}
