"""Every way in which an appointment can end leaves the patient seen, or somebody who answers for seeing them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import NEXT_STATUSES, AppointmentStatus, CancelReason
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus, SeeAgain
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.appointments import change_status
from telehealth.booking.services.attendance import mark_noshow, undo_noshow
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.cancelling import cancel_appointment, cancel_own_appointment
from telehealth.booking.services.fallen_out import patients_who_fell_out
from telehealth.booking.services.follow_up_work import close_follow_up
from telehealth.booking.services.follow_ups import make_follow_up
from telehealth.booking.services.moving import move_appointment
from telehealth.booking.services.overbooking import OverbookRequest, overbook_appointment
from telehealth.booking.services.series import SeriesRequest, book_series
from telehealth.clock import uk_today
from telehealth.errors import NotFound
from telehealth.video.domain.encounter import Outcome
from telehealth.video.services.encounters import end_encounter
from tests.booking.services.wishes import QUARTER, move, wish
from tests.factories import Cast, guest_of, make_appointment, make_shared_clinic, soon

pytestmark = pytest.mark.service

# Statuses in which nothing more will happen by itself, and what each of them means for the patient.
NOT_SEEN = {AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW, AppointmentStatus.ENTERED_IN_ERROR}
END_STATES = NOT_SEEN | {AppointmentStatus.FULFILLED}
LIVE = {
    AppointmentStatus.PROPOSED,
    AppointmentStatus.PENDING,
    AppointmentStatus.BOOKED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.CHECKED_IN,
    AppointmentStatus.WAITLIST,
}


def unseen_without_a_request(session: Session) -> list[UUID]:
    """Written anew, from the issue's words and not from the service's: who was not seen, and for whom nobody acts."""
    session.flush()
    rows = session.execute(
        text(
            """
            SELECT a.id, f.status, f.owner_id, f.see_by, f.booked_appointment_id, f.close_reason_sealed, f.closed_by
            FROM appointment a
            LEFT JOIN follow_up_request f ON f.appointment_id = a.id AND f.patient_id = a.patient_id
            WHERE a.status IN ('cancelled', 'noshow', 'entered-in-error')
               OR EXISTS (
                   SELECT 1 FROM encounter e WHERE e.appointment_id = a.id
                   AND e.outcome IN ('not-reached', 'face-to-face')
               )
            """
        )
    )
    found: dict[object, bool] = {}
    for row in rows:
        is_held = row.status is not None and row.owner_id is not None and row.see_by is not None
        if row.status == "completed":
            is_held = is_held and row.booked_appointment_id != row.id
        elif row.status == "revoked":
            is_held = is_held and bool(row.close_reason_sealed) and bool(row.closed_by)
        found[row.id] = found.get(row.id, False) or is_held
    return [UUID(str(key)) for key, is_held in found.items() if not is_held]


@dataclass(frozen=True)
class Scene:
    session: Session
    cast: Cast

    def appointment(self, **parts: object) -> Appointment:
        return make_appointment(self.session, self.cast, **parts)  # type: ignore[arg-type]

    def begun(self) -> Appointment:
        return self.appointment(starts_at=soon() - 2 * QUARTER)

    def cancel(self, appointment: Appointment, reason: CancelReason = CancelReason.PATIENT) -> Appointment:
        return cancel_appointment(
            self.session,
            actor_of(self.cast.receptionist),
            appointment.id,
            version=appointment.version,
            reason=reason,
        )

    def miss(self, appointment: Appointment) -> Appointment:
        return mark_noshow(
            self.session, actor_of(self.cast.clinician), appointment.id, version=appointment.version
        )

    def end(self, outcome: Outcome, see_again: SeeAgain | None = None) -> Appointment:
        appointment = self.begun()
        end_encounter(
            self.session,
            actor_of(self.cast.clinician),
            appointment.id,
            outcome=outcome,
            next_steps="",
            see_again=see_again,
        )
        return appointment

    def shared(self) -> Appointment:
        _, schedule = make_shared_clinic(self.session, self.cast)
        return book_appointment(
            self.session, actor_of(self.cast.receptionist), wish(self.cast, schedule_id=schedule.id)
        )

    def open_requests(self) -> list[FollowUpRequest]:
        return list(
            self.session.scalars(
                select(FollowUpRequest)
                .where(FollowUpRequest.status == FollowUpStatus.ACTIVE)
                .order_by(FollowUpRequest.created_at)
            )
        )


@pytest.fixture
def scene(session: Session, cast: Cast) -> Scene:
    return Scene(session, cast)


def cancelled_by_patient(scene: Scene) -> Appointment:
    made = scene.appointment(starts_at=soon() + timedelta(days=2))
    return cancel_own_appointment(scene.session, guest_of(made), made.id, version=made.version)


def request_refused(scene: Scene) -> Appointment:
    made = scene.appointment()
    made.status = AppointmentStatus.PENDING
    scene.session.flush()
    return scene.cancel(made)


def cancelled_after_move(scene: Scene) -> Appointment:
    made = scene.appointment(starts_at=soon() + timedelta(days=1))
    to = soon() + timedelta(days=2)
    move_appointment(scene.session, actor_of(scene.cast.receptionist), made.id, move(scene.cast, made, to))
    return scene.cancel(made)


def overbooked_and_cancelled(scene: Scene) -> Appointment:
    scene.appointment(patient=scene.cast.other_patient)
    made = overbook_appointment(
        scene.session,
        actor_of(scene.cast.receptionist),
        OverbookRequest(
            patient_id=scene.cast.patient.id,
            service_id=scene.cast.service.id,
            appointment_type_id=scene.cast.appointment_type.id,
            mode=scene.cast.appointment_type.modes[0],
            starts_at=soon(),
            note="In pain",
            idempotency_key="once",
            practitioner_id=scene.cast.practitioner_id,
        ),
    )
    return scene.cancel(made)


def missed_twice(scene: Scene) -> Appointment:
    made = scene.miss(scene.begun())
    undo_noshow(scene.session, actor_of(scene.cast.receptionist), made.id, version=made.version)
    return scene.miss(made)


def missed_by_reception(scene: Scene) -> Appointment:
    made = scene.begun()
    return mark_noshow(scene.session, actor_of(scene.cast.receptionist), made.id, version=made.version)


def missed_then_in_error(scene: Scene) -> Appointment:
    made = scene.miss(scene.begun())
    change_status(scene.session, actor_of(scene.cast.receptionist), made, AppointmentStatus.ENTERED_IN_ERROR)
    return made


WAYS: dict[str, Callable[[Scene], Appointment]] = {
    **{
        f"reception cancels: {reason.value}": lambda scene, reason=reason: scene.cancel(  # type: ignore[misc]
            scene.appointment(), reason
        )
        for reason in CancelReason
    },
    "the patient cancels": cancelled_by_patient,
    "an unknown person's request is refused": request_refused,
    "cancelled after it was moved": cancelled_after_move,
    "overbooked, then cancelled": overbooked_and_cancelled,
    "of a shared clinic, not taken, cancelled": lambda scene: scene.cancel(scene.shared()),
    "the clinician says that nobody came": lambda scene: scene.miss(scene.begun()),
    "reception says that nobody came": missed_by_reception,
    "missed, undone and missed again": missed_twice,
    "missed, then entered in error": missed_then_in_error,
    "not reached": lambda scene: scene.end(Outcome.NOT_REACHED),
    "needs to be seen in person": lambda scene: scene.end(Outcome.FACE_TO_FACE),
}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_whoever_was_not_seen_has_an_owner_and_a_date(scene: Scene, way: str) -> None:
    ended = WAYS[way](scene)
    assert ended.status in END_STATES
    assert unseen_without_a_request(scene.session) == []
    requests = [each for each in scene.open_requests() if each.appointment_id == ended.id]
    assert requests
    assert all(each.owner_id == scene.cast.practitioner_id for each in requests)
    assert all(each.see_by >= uk_today() for each in requests)
    assert all(each.patient_id == ended.patient_id for each in requests)


def test_every_status_is_live_or_an_end_state() -> None:
    """A new status must say here whether the patient was seen."""
    assert set(AppointmentStatus) == LIVE | END_STATES
    assert not LIVE & END_STATES


@pytest.mark.parametrize(
    ("before", "after"),
    sorted((before, after) for before, following in NEXT_STATUSES.items() for after in following),
)
def test_no_change_of_status_lets_a_patient_fall_out(
    scene: Scene, before: AppointmentStatus, after: AppointmentStatus
) -> None:
    made = scene.begun()
    # As it would have come to be so: an end state has its request already.
    if before in NOT_SEEN:
        change_status(scene.session, actor_of(scene.cast.receptionist), made, before)
    else:
        made.status = before
        scene.session.flush()
    change_status(scene.session, actor_of(scene.cast.receptionist), made, after)
    assert unseen_without_a_request(scene.session) == []
    assert (made.id in {each.appointment_id for each in scene.open_requests()}) or after not in NOT_SEEN


def test_seen_patients_need_no_request(scene: Scene) -> None:
    for outcome in (Outcome.COMPLETED, Outcome.PHONE):
        scene.session.begin_nested()
        scene.end(outcome)
        assert scene.open_requests() == []
        scene.session.rollback()


def test_see_again_in_six_months_waits_though_no_session_is_published(scene: Scene) -> None:
    until = uk_today() + timedelta(days=182)
    ended = scene.end(Outcome.COMPLETED, SeeAgain(see_by=until, note="Bloods first"))
    [request] = scene.open_requests()
    assert (request.reason, request.see_by, request.note) == (
        FollowUpReason.SEE_AGAIN,
        until,
        "Bloods first",
    )
    assert request.owner_id == scene.cast.practitioner_id
    assert ended.status is AppointmentStatus.FULFILLED


def test_not_reached_with_a_date_is_one_request(scene: Scene) -> None:
    until = uk_today() + timedelta(days=3)
    scene.end(Outcome.NOT_REACHED, SeeAgain(see_by=until, note="Try the landline"))
    [request] = scene.open_requests()
    assert (request.reason, request.see_by, request.note) == (
        FollowUpReason.NOT_REACHED,
        until,
        "Try the landline",
    )


def test_a_booking_ends_the_request_and_its_cancellation_keeps_the_earlier_date(scene: Scene) -> None:
    scene.end(Outcome.COMPLETED, SeeAgain(see_by=uk_today() + timedelta(days=5)))
    [request] = scene.open_requests()
    replacement = book_appointment(
        scene.session,
        actor_of(scene.cast.receptionist),
        wish(scene.cast, starts_at=soon() + timedelta(days=4), follow_up_id=request.id),
    )
    assert (request.status, request.booked_appointment_id) == (FollowUpStatus.COMPLETED, replacement.id)
    assert scene.open_requests() == []
    scene.cancel(replacement)
    [again] = scene.open_requests()
    assert (again.appointment_id, again.see_by) == (replacement.id, request.see_by)
    assert unseen_without_a_request(scene.session) == []


def test_a_booking_for_something_else_leaves_the_request_open(scene: Scene) -> None:
    mode = scene.cancel(scene.appointment()).mode
    [request] = scene.open_requests()
    cast, reception = scene.cast, actor_of(scene.cast.receptionist)
    starts_at = soon() + timedelta(days=4)
    book_appointment(scene.session, reception, wish(cast, starts_at=starts_at, is_for_no_request=True))
    overbook_appointment(
        scene.session,
        reception,
        OverbookRequest(
            patient_id=cast.patient.id,
            service_id=cast.service.id,
            appointment_type_id=cast.appointment_type.id,
            mode=mode,
            starts_at=starts_at + QUARTER,
            practitioner_id=cast.practitioner_id,
            note="Chest pain",
            idempotency_key="on-top",
            is_for_no_request=True,
        ),
    )
    series = SeriesRequest(
        patient_id=cast.patient.id,
        service_id=cast.service.id,
        appointment_type_id=cast.appointment_type.id,
        mode=mode,
        schedule_id=cast.schedule.id,
        starts_at=starts_at + 2 * QUARTER,
        weeks_between=1,
        count=2,
        idempotency_key="series",
        is_for_no_request=True,
    )
    book_series(scene.session, reception, series, [series.starts_at])
    assert scene.open_requests() == [request]


def test_a_request_cannot_be_completed_twice_or_for_somebody_else(scene: Scene) -> None:
    scene.end(Outcome.COMPLETED, SeeAgain())
    [request] = scene.open_requests()
    with pytest.raises(NotFound):
        book_appointment(
            scene.session,
            actor_of(scene.cast.receptionist),
            wish(scene.cast, patient_id=scene.cast.other_patient.id, follow_up_id=request.id),
        )


def test_the_interpreter_is_not_lost_on_the_way(scene: Scene) -> None:
    made = scene.appointment()
    made.interpreter_language, made.interpreter_joins = "Polish", InterpreterJoins.PHONE
    scene.session.flush()
    scene.cancel(made)
    [request] = scene.open_requests()
    assert (request.interpreter_language, request.interpreter_joins) == ("Polish", InterpreterJoins.PHONE)


def test_closed_by_a_clinician_with_a_reason_is_an_end(scene: Scene) -> None:
    scene.cancel(scene.appointment())
    [request] = scene.open_requests()
    close_follow_up(
        scene.session,
        actor_of(scene.cast.colleague),
        request.id,
        version=request.version,
        reason="Now with the heart clinic",
    )
    assert unseen_without_a_request(scene.session) == []
    assert patients_who_fell_out(scene.session) == []


def test_both_checks_find_somebody_who_fell_out(scene: Scene) -> None:
    """The checks can fail: an appointment that ended behind the service's back."""
    made = scene.appointment()
    scene.session.execute(
        update(Appointment).where(Appointment.id == made.id).values(status=AppointmentStatus.CANCELLED)
    )
    assert unseen_without_a_request(scene.session) == [made.id]
    assert patients_who_fell_out(scene.session) == [made.id]
    # What is checked after each test must hold after this one too.
    scene.session.rollback()


def test_a_missed_appointment_that_its_own_undoing_completed_does_not_count(scene: Scene) -> None:
    made = scene.miss(scene.begun())
    undo_noshow(scene.session, actor_of(scene.cast.receptionist), made.id, version=made.version)
    assert patients_who_fell_out(scene.session) == []
    scene.session.execute(
        update(Appointment).where(Appointment.id == made.id).values(status=AppointmentStatus.NOSHOW)
    )
    assert patients_who_fell_out(scene.session) == [made.id]
    assert unseen_without_a_request(scene.session) == [made.id]
    scene.session.rollback()


def test_a_request_of_a_shared_clinic_is_its_leaders(scene: Scene) -> None:
    made = scene.shared()
    request = make_follow_up(scene.session, actor_of(scene.cast.colleague), made, FollowUpReason.SEE_AGAIN)
    assert request.owner_id == scene.cast.practitioner_id
