"""Appointment types as an administrator sets them up."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.appointment_type import Booker, Priority
from telehealth.booking.models import AppointmentType
from telehealth.booking.services.appointment_types import (
    TypeWish,
    change_type,
    create_type,
    find_type,
    list_types,
)
from telehealth.errors import Conflict, InvalidInput, NotFound
from telehealth.topics import desk_topic, take_topics
from tests.factories import Cast, make_appointment, type_of

pytestmark = pytest.mark.service

REVIEW = TypeWish(
    name="Asthma review",
    minutes=20,
    modes=frozenset({Mode.VIDEO, Mode.IN_PERSON}),
    buffer_before_minutes=5,
    buffer_after_minutes=10,
    required_skill="Spirometry",
    priority=Priority.URGENT,
    booker=Booker.ANYONE,
    notice_minutes=120,
    days_ahead=30,
    change_minutes=60,
)


def create(session: Session, cast: Cast, wish: TypeWish = REVIEW, key: str = "a") -> AppointmentType:
    return create_type(session, actor_of(cast.administrator), cast.service.id, wish, idempotency_key=key)


def change(session: Session, cast: Cast, type_: AppointmentType, **parts: Any) -> AppointmentType:
    version = parts.pop("version", type_.version)
    return change_type(
        session,
        actor_of(cast.administrator),
        cast.service.id,
        type_.id,
        replace(REVIEW, **parts),
        version=version,
    )


def test_all_that_was_said_is_kept(session: Session, cast: Cast) -> None:
    made = create(session, cast)
    session.expire(made)
    assert (made.name, made.minutes, made.modes) == ("Asthma review", 20, (Mode.VIDEO, Mode.IN_PERSON))
    assert (made.buffer_before_minutes, made.buffer_after_minutes) == (5, 10)
    assert (made.required_skill, made.priority, made.booker) == ("Spirometry", Priority.URGENT, Booker.ANYONE)
    assert (made.notice_minutes, made.days_ahead, made.change_minutes) == (120, 30, 60)
    assert made.is_active
    assert desk_topic(cast.service.id) in take_topics(session)
    assert (
        session.scalars(select(AuditEvent).where(AuditEvent.action == "appointment-type.created"))
        .one()
        .subject_id
        == made.id
    )


def test_a_double_click_makes_one_type(session: Session, cast: Cast) -> None:
    assert create(session, cast).id == create(session, cast).id


def test_two_types_do_not_have_one_name(session: Session, cast: Cast) -> None:
    made = create(session, cast)
    with pytest.raises(Conflict):
        create(session, cast, replace(REVIEW, name="ASTHMA review"), "b")
    with pytest.raises(Conflict):
        change(session, cast, made, name="consultation")
    assert change(session, cast, made, name="Asthma Review").name == "Asthma Review"


@pytest.mark.parametrize("again", ["Ôl-ofal", "ôl-ofal", "O\u0302L-OFAL"], ids=["same", "small", "two-signs"])
def test_a_name_with_other_letters_than_a_to_z_is_had_once_too(
    session: Session, cast: Cast, again: str
) -> None:
    create(session, cast, replace(REVIEW, name="Ôl-ofal"), "a")
    with pytest.raises(Conflict):
        create(session, cast, replace(REVIEW, name=again), "b")


def test_out_of_use_it_stays_with_what_is_booked(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    create(session, cast)
    type_ = type_of(session, cast.service)
    change(session, cast, type_, name="Consultation", is_active=False)
    assert not type_.is_active
    assert appointment.appointment_type_id == type_.id
    listed = list_types(session, actor_of(cast.administrator), cast.service.id)
    assert [one.name for one in listed] == ["Asthma review", "Consultation"]


def test_a_service_keeps_one_type_that_can_be_booked(session: Session, cast: Cast) -> None:
    type_ = type_of(session, cast.service)
    with pytest.raises(Conflict) as caught:
        change(session, cast, type_, name="Consultation", is_active=False)
    assert caught.value.code == "last-type"


def test_a_stale_form_changes_nothing(session: Session, cast: Cast) -> None:
    made = create(session, cast)
    change(session, cast, made, minutes=25)
    with pytest.raises(Conflict) as caught:
        change(session, cast, made, minutes=40, version=1)
    assert caught.value.code == "type-changed"
    assert made.minutes == 25


def test_saving_it_unchanged_leaves_no_trace(session: Session, cast: Cast) -> None:
    made = create(session, cast)
    change(session, cast, made)
    assert made.version == 1
    changed = select(AuditEvent).where(AuditEvent.action == "appointment-type.changed")
    assert session.scalars(changed).all() == []


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"name": ""}, "name"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 481}, "minutes"),
        ({"buffer_before_minutes": 241}, "buffer_before_minutes"),
        ({"buffer_after_minutes": 241}, "buffer_after_minutes"),
        ({"days_ahead": 0}, "days_ahead"),
        ({"days_ahead": 731}, "days_ahead"),
        ({"notice_minutes": 10**6}, "notice_minutes"),
        ({"change_minutes": 10**6}, "change_minutes"),
        ({"modes": frozenset()}, "modes"),
    ],
)
def test_a_limit_is_said_at_its_field(
    session: Session, cast: Cast, parts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        create(session, cast, replace(REVIEW, **parts))
    assert caught.value.field == field


def test_only_administrators_of_the_organisation_set_types_up(session: Session, cast: Cast) -> None:
    made = create(session, cast)
    for stranger in (cast.clinician, cast.receptionist, cast.other_organisation_clinician):
        with pytest.raises(NotFound):
            create_type(session, actor_of(stranger), cast.service.id, REVIEW, idempotency_key="x")
        with pytest.raises(NotFound):
            find_type(session, actor_of(stranger), cast.service.id, made.id)
        with pytest.raises(NotFound):
            change_type(session, actor_of(stranger), cast.service.id, made.id, REVIEW, version=1)
    with pytest.raises(NotFound):
        find_type(session, actor_of(cast.administrator), cast.other_service.id, made.id)
