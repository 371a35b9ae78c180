"""Shared clinics, rooms and skills as an administrator sets them up."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.models import Lane, PractitionerSkill, SharedClinic
from telehealth.booking.services.rooms import add_room, list_rooms, set_room_active
from telehealth.booking.services.shared_clinics import (
    ClinicWish,
    change_shared_clinic,
    create_shared_clinic,
    find_shared_clinic,
    list_shared_clinics,
    state_of,
)
from telehealth.booking.services.skills import list_skills, set_skills
from telehealth.errors import Conflict, InvalidInput, NotFound
from telehealth.topics import clinic_topic, take_topics
from tests.factories import Cast

pytestmark = pytest.mark.service


def wish_of(cast: Cast, **parts: Any) -> ClinicWish:
    both = (cast.practitioner_id, cast.colleague.practitioner_id)
    return ClinicWish(**{"name": "Diabetes clinic", "practitioner_ids": both, "lanes": 2, **parts})


def create(session: Session, cast: Cast, key: str = "a", **parts: Any) -> SharedClinic:
    return create_shared_clinic(
        session, actor_of(cast.administrator), cast.service.id, wish_of(cast, **parts), idempotency_key=key
    )


def change(session: Session, cast: Cast, clinic: SharedClinic, **parts: Any) -> SharedClinic:
    seen = parts.pop("seen", state_of(clinic))
    return change_shared_clinic(
        session,
        actor_of(cast.administrator),
        cast.service.id,
        clinic.id,
        wish_of(cast, **parts),
        seen=seen,
    )


def test_a_clinic_has_a_leader_members_and_lanes(session: Session, cast: Cast) -> None:
    made = create(session, cast)
    session.expire(made)
    assert [member.practitioner_id for member in made.members] == [
        cast.practitioner_id,
        cast.colleague.practitioner_id,
    ]
    assert [(lane.number, lane.is_open) for lane in made.lanes] == [(1, True), (2, True)]
    assert create(session, cast).id == made.id


def test_the_leader_changes_and_a_member_leaves(session: Session, cast: Cast) -> None:
    made = create(session, cast)
    take_topics(session)
    change(session, cast, made, practitioner_ids=(cast.colleague.practitioner_id,))
    session.expire(made)
    assert [(member.practitioner_id, member.position) for member in made.members] == [
        (cast.colleague.practitioner_id, 0)
    ]
    # Also whoever left: their list is another one now.
    assert clinic_topic(cast.practitioner_id) in take_topics(session)


def test_a_lane_fewer_is_closed_and_never_deleted(session: Session, cast: Cast) -> None:
    made = create(session, cast, lanes=3)
    change(session, cast, made, lanes=1)
    lanes = session.scalars(select(Lane).where(Lane.shared_clinic_id == made.id).order_by(Lane.number)).all()
    assert [lane.is_open for lane in lanes] == [True, False, False]
    change(session, cast, made, lanes=4)
    session.expire(made)
    assert [(lane.number, lane.is_open) for lane in made.lanes] == [
        (1, True),
        (2, True),
        (3, True),
        (4, True),
    ]
    assert made.lanes[0].id == lanes[0].id


def test_a_form_of_before_somebody_elses_change_is_refused(session: Session, cast: Cast) -> None:
    made = create(session, cast)
    seen = state_of(made)
    change(session, cast, made, lanes=3)
    with pytest.raises(Conflict) as caught:
        change(session, cast, made, lanes=1, seen=seen)
    assert caught.value.code == "clinic-changed"


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"name": ""}, "name"),
        ({"lanes": 0}, "lanes"),
        ({"lanes": 21}, "lanes"),
        ({"practitioner_ids": ()}, "members"),
    ],
)
def test_a_clinic_that_cannot_be_is_refused(
    session: Session, cast: Cast, parts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        create(session, cast, **parts)
    assert caught.value.field == field


def test_only_clinicians_of_the_service_sit_in_it(session: Session, cast: Cast) -> None:
    with pytest.raises(NotFound):
        create(session, cast, practitioner_ids=(cast.other_organisation_clinician.practitioner_id,))
    made = create(session, cast)
    with pytest.raises(Conflict):
        create(session, cast, "b", name="diabetes CLINIC", lanes=1)
    create(session, cast, "c", name="Ôl-ofal")
    with pytest.raises(Conflict):
        create(session, cast, "d", name="Ôl-ofal")
    with pytest.raises(NotFound):
        find_shared_clinic(session, actor_of(cast.clinician), cast.service.id, made.id)
    with pytest.raises(NotFound):
        find_shared_clinic(session, actor_of(cast.administrator), cast.other_service.id, made.id)


def test_a_clinician_sees_the_clinics_in_which_they_sit(session: Session, cast: Cast) -> None:
    made = create(session, cast, practitioner_ids=(cast.practitioner_id,))
    own, theirs = (
        list_shared_clinics(session, actor_of(who), cast.service.id)
        for who in (cast.clinician, cast.colleague)
    )
    assert [clinic.id for clinic in own] == [made.id]
    assert theirs == []


def test_a_room_goes_out_of_use_and_comes_back(session: Session, cast: Cast) -> None:
    administrator = actor_of(cast.administrator)
    room = add_room(session, administrator, cast.service.id, "Room 3")
    with pytest.raises(Conflict):
        add_room(session, administrator, cast.service.id, "room 3")
    with pytest.raises(InvalidInput):
        add_room(session, administrator, cast.service.id, "")
    set_room_active(session, administrator, cast.service.id, room.id, is_active=False)
    assert not room.is_active
    assert add_room(session, administrator, cast.service.id, "Room 3").id == room.id
    assert [one.is_active for one in list_rooms(session, administrator, cast.service.id)] == [True]
    with pytest.raises(NotFound):
        set_room_active(session, administrator, cast.other_service.id, room.id, is_active=False)
    with pytest.raises(NotFound):
        add_room(session, actor_of(cast.clinician), cast.service.id, "Room 4")


def test_skills_are_these_and_no_others(session: Session, cast: Cast) -> None:
    administrator = actor_of(cast.administrator)
    set_skills(
        session, administrator, cast.service.id, cast.practitioner_id, ["Smears ", "Spirometry", "", "Smears"]
    )
    set_skills(session, administrator, cast.service.id, cast.practitioner_id, ["Spirometry", "Dopplers"])
    assert list_skills(session, administrator, cast.service.id) == {
        cast.practitioner_id: ["Dopplers", "Spirometry"]
    }
    assert len(session.scalars(select(PractitionerSkill)).all()) == 2


def test_skills_are_of_clinicians_of_the_service(session: Session, cast: Cast) -> None:
    administrator = actor_of(cast.administrator)
    stranger = cast.other_organisation_clinician.practitioner_id
    assert stranger is not None
    with pytest.raises(NotFound):
        set_skills(session, administrator, cast.service.id, stranger, ["Smears"])
    with pytest.raises(InvalidInput):
        set_skills(session, administrator, cast.service.id, cast.practitioner_id, ["x" * 61])
    with pytest.raises(InvalidInput):
        set_skills(
            session,
            administrator,
            cast.service.id,
            cast.practitioner_id,
            [str(number) for number in range(41)],
        )
