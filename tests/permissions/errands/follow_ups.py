"""Requests to see a patient, shared clinics, and patients who did not come."""

from uuid import UUID

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.follow_up import FollowUpReason
from telehealth.booking.domain.slots import Slot
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.attendance import mark_noshow, take_patient
from telehealth.booking.services.follow_ups import make_follow_up
from telehealth.clock import uk_today
from tests.factories import SLOT, make_appointment, make_shared_clinic, soon
from tests.permissions.errands.registry import address_of, errand
from tests.permissions.scene import Scene
from tests.permissions.stage import Errand

ONE = "/follow-ups/<uuid:follow_up_id>"
ROW = "/clinic/appointments/<uuid:appointment_id>"


def ask(scene: Scene) -> UUID:
    """The owner wants to see the patient again."""
    with scene.session() as session:
        appointment = session.merge(scene.appointment)
        return make_follow_up(
            session, actor_of(scene.cast.clinician), appointment, FollowUpReason.SEE_AGAIN
        ).id


def book_shared(scene: Scene, *, is_taken: bool = False) -> UUID:
    """A patient of the clinic that owner and colleague share."""
    with scene.session() as session:
        clinic, schedule = make_shared_clinic(session, scene.cast)
        made = place_appointment(
            session,
            actor_of(scene.cast.receptionist),
            session.merge(scene.service),
            session.merge(scene.fresh_patient),
            Slot(
                starts_at=soon(),
                ends_at=soon() + SLOT,
                schedule_id=schedule.id,
                practitioner_id=None,
                lane_id=clinic.lanes[0].id,
            ),
        )
        if is_taken:
            take_patient(session, actor_of(scene.cast.clinician), made.id)
        return made.id


def begun(scene: Scene, *, is_missed: bool = False) -> UUID:
    """An appointment whose time has come."""
    with scene.session() as session:
        made = make_appointment(session, scene.cast, starts_at=soon() - 4 * SLOT, patient=scene.fresh_patient)
        if is_missed:
            mark_noshow(session, actor_of(scene.cast.clinician), made.id, version=1)
        return made.id


@errand("GET /follow-ups/token")
def live_token(_scene: Scene) -> Errand:
    return Errand("/follow-ups/token", headers={"Accept": "application/json"})


@errand(f"GET {ONE}")
def open_one(scene: Scene) -> Errand:
    return Errand(address_of(scene, ONE, follow_up_id=ask(scene)))


@errand(f"POST {ONE}/close")
def close(scene: Scene) -> Errand:
    form = {"reason": "Seen elsewhere", "version": 1}
    return Errand(address_of(scene, f"{ONE}/close", follow_up_id=ask(scene)), form, leads_to="/follow-ups")


@errand(f"POST {ONE}/change")
def change(scene: Scene) -> Errand:
    day = uk_today()
    form = {
        "owner_id": scene.cast.colleague.practitioner_id,
        "see_by-day": day.day,
        "see_by-month": day.month,
        "see_by-year": day.year,
        "version": 1,
    }
    address = address_of(scene, f"{ONE}/change", follow_up_id=ask(scene))
    return Errand(address, form, leads_to=r"/follow-ups/[0-9a-f-]{36}")


@errand(f"POST {ROW}/take")
def take(scene: Scene) -> Errand:
    address = address_of(scene, f"{ROW}/take", appointment_id=book_shared(scene))
    return Errand(address, leads_to="/clinic")


@errand(f"GET {ROW}/take-over")
def ask_to_take_over(scene: Scene) -> Errand:
    return Errand(address_of(scene, f"{ROW}/take-over", appointment_id=book_shared(scene, is_taken=True)))


@errand(f"POST {ROW}/give-back")
def give_back(scene: Scene) -> Errand:
    address = address_of(scene, f"{ROW}/give-back", appointment_id=book_shared(scene, is_taken=True))
    return Errand(address, leads_to="/clinic", nothing="You have not taken this patient")


@errand(f"POST {ROW}/did-not-attend")
def miss(scene: Scene) -> Errand:
    address = address_of(scene, f"{ROW}/did-not-attend", appointment_id=begun(scene))
    return Errand(address, {"version": 1}, leads_to="/clinic")


@errand(f"POST {ROW}/did-attend")
def undo_miss(scene: Scene) -> Errand:
    address = address_of(scene, f"{ROW}/did-attend", appointment_id=begun(scene, is_missed=True))
    return Errand(address, {"version": 2}, leads_to="/clinic")
