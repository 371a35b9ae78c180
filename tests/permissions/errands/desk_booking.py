"""What reception does with times and appointments."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import update

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.models import Appointment, Claim
from telehealth.booking.services.attendance import mark_noshow
from telehealth.booking.services.desk_holds import HoldRequest, hold_for_move, hold_for_patient
from tests.factories import SLOT, soon
from tests.permissions.errands.desk import date_parts
from tests.permissions.errands.registry import address_of, errand
from tests.permissions.scene import Scene, new_key
from tests.permissions.stage import Errand

APPOINTMENT_PAGE = r"/desk/appointments/[0-9a-f-]{36}"
RECORD_PAGE = r"/desk/patients/[0-9a-f-]{36}"
RECORD = "/desk/patients/<uuid:patient_id>"
APPOINTMENT = "/desk/appointments/<uuid:appointment_id>"
LONDON = ZoneInfo("Europe/London")


def free_start() -> datetime:
    return soon() + 8 * SLOT


def time_fields(scene: Scene) -> dict[str, Any]:
    """A free time of the cast's clinician, as its button sends it."""
    return {
        "slot": f"{scene.cast.schedule.id}/{free_start().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "appointment_type_id": str(scene.cast.appointment_type.id),
        "mode": "video",
    }


def wish(scene: Scene) -> HoldRequest:
    return HoldRequest(
        schedule_id=scene.cast.schedule.id,
        starts_at=free_start(),
        appointment_type_id=scene.cast.appointment_type.id,
        mode=Mode.VIDEO,
    )


def held(scene: Scene) -> UUID:
    """By reception, for the patient."""
    who = actor_of(scene.cast.receptionist)
    with scene.session() as session:
        return hold_for_patient(session, who, scene.service.id, scene.patient.id, wish(scene)).id


def held_for_move(scene: Scene) -> UUID:
    who = actor_of(scene.cast.receptionist)
    with scene.session() as session:
        return hold_for_move(session, who, scene.appointment.id, wish(scene)).id


def change(scene: Scene, **values: Any) -> None:
    scene.connection.execute(
        update(Appointment).where(Appointment.id == scene.appointment.id).values(**values)
    )


def begin(scene: Scene) -> None:
    """The appointment has begun."""
    starts_at, ends_at = scene.appointment.starts_at - 2 * SLOT, scene.appointment.ends_at - 2 * SLOT
    change(scene, starts_at=starts_at, ends_at=ends_at)
    scene.connection.execute(
        update(Claim)
        .where(Claim.appointment_id == scene.appointment.id)
        .values(starts_at=starts_at, ends_at=ends_at)
    )


@errand(f"POST {RECORD}/book")
def look_on(scene: Scene) -> Errand:
    """Where something was typed before."""
    return Errand(address_of(scene, f"{RECORD}/book"), {"reason": "Review"}, only_reads=True)


@errand(f"POST {RECORD}/hold")
def hold(scene: Scene) -> Errand:
    return Errand(
        address_of(scene, f"{RECORD}/hold"),
        time_fields(scene),
        leads_to=RECORD_PAGE + "/holds/[0-9a-f-]{36}",
        nothing="No free times",
    )


def _held_address(scene: Scene, rest: str = "") -> str:
    return address_of(scene, f"{RECORD}/holds/<uuid:hold_id>{rest}", hold_id=held(scene))


@errand(f"GET {RECORD}/holds/<uuid:hold_id>")
def details(scene: Scene) -> Errand:
    return Errand(_held_address(scene))


@errand(f"POST {RECORD}/holds/<uuid:hold_id>")
def book(scene: Scene) -> Errand:
    form = {"reason": "Review", "idempotency_key": new_key()}
    return Errand(_held_address(scene), form, leads_to=APPOINTMENT_PAGE)


@errand(f"POST {RECORD}/holds/<uuid:hold_id>/release")
def release(scene: Scene) -> Errand:
    return Errand(_held_address(scene, "/release"), leads_to=RECORD_PAGE + "/book")


@errand(f"POST {RECORD}/overbook")
def overbook(scene: Scene) -> Errand:
    # Between two times that are offered: those are booked as any other.
    local = (free_start() + timedelta(minutes=5)).astimezone(LONDON)
    form = {
        "owner": str(scene.cast.practitioner_id),
        "type": str(scene.cast.appointment_type.id),
        "mode": "video",
        **date_parts("day", local.date()),
        "clock": f"{local:%H:%M}",
        "note": "Review",
        "idempotency_key": new_key(),
    }
    address = address_of(scene, f"{RECORD}/overbook")
    return Errand(address, form, leads_to=APPOINTMENT_PAGE, nothing="Choose with whom")


@errand(f"GET {RECORD}/series/dates")
def dates(scene: Scene) -> Errand:
    arguments = "&".join(f"{name}={value}" for name, value in time_fields(scene).items())
    return Errand(address_of(scene, f"{RECORD}/series/dates?{arguments}"))


@errand(f"POST {RECORD}/series/dates")
def book_series(scene: Scene) -> Errand:
    form = {
        **time_fields(scene),
        "weeks_between": "1",
        "count": "2",
        "dates": [f"{free_start().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"],
        "idempotency_key": new_key(),
    }
    return Errand(address_of(scene, f"{RECORD}/series/dates"), form, leads_to=RECORD_PAGE)


@errand(f"POST {APPOINTMENT}/cancel")
def cancel(scene: Scene) -> Errand:
    form = {"reason": "pat", "note": "Review", "version": scene.appointment.version}
    return Errand(address_of(scene, f"{APPOINTMENT}/cancel"), form, leads_to=APPOINTMENT_PAGE)


@errand(f"POST {APPOINTMENT}/details")
def change_details(scene: Scene) -> Errand:
    form = {
        "reason": "Review",
        "interpreter_language": "Review",
        "interpreter_joins": "phone",
        "version": scene.appointment.version,
    }
    return Errand(address_of(scene, f"{APPOINTMENT}/details"), form, leads_to=APPOINTMENT_PAGE)


@errand(f"POST {APPOINTMENT}/hold")
def hold_to_move(scene: Scene) -> Errand:
    address = address_of(scene, f"{APPOINTMENT}/hold")
    return Errand(address, time_fields(scene), leads_to=APPOINTMENT_PAGE + "/holds/[0-9a-f-]{36}")


def _move_address(scene: Scene, rest: str = "") -> str:
    return address_of(scene, f"{APPOINTMENT}/holds/<uuid:hold_id>{rest}", hold_id=held_for_move(scene))


@errand(f"GET {APPOINTMENT}/holds/<uuid:hold_id>")
def move_details(scene: Scene) -> Errand:
    return Errand(_move_address(scene))


@errand(f"POST {APPOINTMENT}/holds/<uuid:hold_id>")
def move(scene: Scene) -> Errand:
    form = {"note": "Review", "version": scene.appointment.version, "idempotency_key": new_key()}
    return Errand(_move_address(scene), form, leads_to=APPOINTMENT_PAGE)


@errand(f"POST {APPOINTMENT}/holds/<uuid:hold_id>/release")
def release_move(scene: Scene) -> Errand:
    return Errand(_move_address(scene, "/release"), leads_to=APPOINTMENT_PAGE + "/move")


@errand(f"POST {APPOINTMENT}/noshow")
def noshow(scene: Scene) -> Errand:
    begin(scene)
    form = {"version": scene.appointment.version}
    return Errand(address_of(scene, f"{APPOINTMENT}/noshow"), form, leads_to=APPOINTMENT_PAGE)


@errand(f"POST {APPOINTMENT}/noshow/undo")
def undo_noshow(scene: Scene) -> Errand:
    begin(scene)
    with scene.session() as session:
        who = actor_of(scene.cast.receptionist)
        missed = mark_noshow(session, who, scene.appointment.id, version=scene.appointment.version)
        form = {"version": missed.version}
    return Errand(address_of(scene, f"{APPOINTMENT}/noshow/undo"), form, leads_to=APPOINTMENT_PAGE)


@errand(f"POST {APPOINTMENT}/confirm")
def confirm(scene: Scene) -> Errand:
    change(scene, status=AppointmentStatus.PENDING)
    form = {"version": scene.appointment.version}
    return Errand(address_of(scene, f"{APPOINTMENT}/confirm"), form, leads_to=APPOINTMENT_PAGE)
