"""Past appointments of which nobody said how they ended: whoever can end them sees them, however old they are."""

from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account, AccountRole
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import ANONYMOUS, Actor, Role
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment
from telehealth.booking.policies import is_clinician_of, may_manage
from telehealth.booking.services import unresolved
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.unresolved import Unresolved, list_unresolved
from telehealth.clock import uk_today
from tests.factories import SLOT, Cast, make_appointment, make_shared_clinic, soon

pytestmark = pytest.mark.service


def listed(session: Session, actor: Actor) -> Unresolved:
    return list_unresolved(session, actor, today=uk_today(), time_zone="Europe/London")


def past(session: Session, cast: Cast, days: int, number: int = 0) -> Appointment:
    return make_appointment(session, cast, starts_at=soon() - timedelta(days=days) + number * SLOT)


def in_shared_clinic(session: Session, cast: Cast, practitioner_id: object = None) -> Appointment:
    """Two days ago; taken by nobody, or by a clinician."""
    clinic, schedule = make_shared_clinic(session, cast, name=f"Clinic {practitioner_id}")
    starts_at = soon() - timedelta(days=2) + (2 if practitioner_id else 1) * SLOT
    made = place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        cast.patient,
        Slot(starts_at, starts_at + SLOT, schedule.id, None, clinic.lanes[0].id),
    )
    made.practitioner_id = practitioner_id  # type: ignore[assignment]
    session.flush()
    return made


def test_however_old_it_is_and_the_oldest_first(session: Session, cast: Cast) -> None:
    late, old, oldest = (past(session, cast, days) for days in (2, 95, 800))
    make_appointment(session, cast)
    found = listed(session, actor_of(cast.receptionist))
    assert found.appointments == [oldest, old, late]
    assert (found.total, found.has_more) == (3, False)


@pytest.mark.parametrize("status", sorted(AppointmentStatus))
def test_what_has_an_end_is_not_on_the_list(session: Session, cast: Cast, status: AppointmentStatus) -> None:
    made = past(session, cast, 2)
    made.status = status
    is_open = status in (
        AppointmentStatus.PENDING,
        AppointmentStatus.BOOKED,
        AppointmentStatus.ARRIVED,
        AppointmentStatus.CHECKED_IN,
    )
    session.flush()
    assert (listed(session, actor_of(cast.receptionist)).total == 1) is is_open
    # Ended behind the service's back: what is checked after each test must hold after this one too.
    session.rollback()


def test_the_database_chooses_what_the_rules_would(session: Session, cast: Cast) -> None:
    """Each person of the cast, with each kind of appointment: as `may_manage` and `is_clinician_of` say."""
    made = [
        past(session, cast, 2),
        in_shared_clinic(session, cast),
        in_shared_clinic(session, cast, cast.practitioner_id),
    ]
    elsewhere = past(session, cast, 3)
    elsewhere.service_id = cast.other_service.id
    session.flush()
    for account in cast.staff():
        actor = actor_of(account)
        expected = {
            each.id
            for each in (*made, elsewhere)
            if actor.services_as(Role.RECEPTIONIST, Role.CLINICIAN)
            and (may_manage(actor, each) or is_clinician_of(actor, each))
        }
        assert {each.id for each in listed(session, actor).appointments} == expected, account.email
    assert listed(session, ANONYMOUS).total == 0


def test_two_services_are_one_list(session: Session, cast: Cast) -> None:
    first, second, third = (past(session, cast, days) for days in (4, 3, 2))
    second.service_id = cast.other_service.id
    session.flush()
    account = session.get_one(Account, cast.receptionist.id)
    account.roles.append(
        AccountRole(
            organisation_id=account.organisation_id,
            service_id=cast.other_service.id,
            role=Role.RECEPTIONIST,
        )
    )
    session.flush()
    assert listed(session, actor_of(account)).appointments == [first, second, third]


def test_it_says_how_many_there_are_and_counts_no_further_than_it_must(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unresolved, "SHOWN", 2)
    monkeypatch.setattr(unresolved, "COUNTED", 4)
    made = [past(session, cast, 3, number) for number in range(3)]
    found = listed(session, actor_of(cast.receptionist))
    assert (found.appointments, found.total, found.has_more) == (made[:2], 3, False)
    for number in range(3, 6):
        past(session, cast, 3, number)
    found = listed(session, actor_of(cast.receptionist))
    assert (len(found.appointments), found.total, found.has_more) == (2, 4, True)


def test_no_more_rows_are_loaded_than_are_shown(session: Session, cast: Cast) -> None:
    """A clinic that never says how its phone calls end has tens of thousands of them."""
    for number in range(unresolved.SHOWN + 5):
        past(session, cast, 3, number)
    session.flush()
    session.expunge_all()
    loaded: list[object] = []

    def note(target: Appointment, _context: object) -> None:
        loaded.append(target)

    event.listen(Appointment, "load", note)
    try:
        found = listed(session, actor_of(cast.receptionist))
    finally:
        event.remove(Appointment, "load", note)
    assert found.total == unresolved.SHOWN + 5
    assert len(found.appointments) == unresolved.SHOWN
    assert len(loaded) == unresolved.SHOWN + 1
