"""Schedules, leave and appointment types of the service of the scene."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.models import Room, ScheduleException
from telehealth.booking.services.schedule_wishes import local_today
from telehealth.booking.services.shared_clinics import state_of
from telehealth.clock import now
from tests.factories import make_shared_clinic
from tests.permissions.errands.registry import errand
from tests.permissions.scene import Scene, new_key
from tests.permissions.stage import Errand

SERVICE = "/schedules/<uuid:service_id>"
SESSION = f"{SERVICE}/sessions/<uuid:schedule_id>"
TYPE = f"{SERVICE}/types/<uuid:type_id>"
CLINIC = f"{SERVICE}/clinics/<uuid:clinic_id>"
SKILLS = f"{SERVICE}/skills/<uuid:practitioner_id>"
SAVE = {"step": "save"}


def _at(scene: Scene, rest: str = "") -> str:
    return f"/schedules/{scene.service.id}{rest}"


def _saved(scene: Scene, rest: str, form: dict[str, Any]) -> Errand:
    return Errand(_at(scene, rest), {**form, "idempotency_key": new_key(), **SAVE}, leads_to=_at(scene))


def _parts(name: str, value: date) -> dict[str, str]:
    return {f"{name}-day": str(value.day), f"{name}-month": str(value.month), f"{name}-year": str(value.year)}


def _days(scene: Scene, days: int) -> date:
    return local_today(scene.service) + timedelta(days=days)


def _session(scene: Scene) -> dict[str, Any]:
    """Every day as before, from next week on, but in steps of ten minutes."""
    return {
        "owner": f"practitioner/{scene.cast.practitioner_id}",
        "repeat": "weekly",
        "weekdays": list("0123456"),
        **_parts("first_date", _days(scene, 7)),
        "starts": "9am",
        "ends": "5pm",
        "slot_minutes": "10",
        "modes": ["video", "phone", "in-person"],
        "version": scene.cast.schedule.version,
    }


@errand(f"GET {SERVICE}")
def overview(scene: Scene) -> Errand:
    return Errand(_at(scene))


@errand(f"GET {SERVICE}/stranded")
def stranded(scene: Scene) -> Errand:
    return Errand(_at(scene, "/stranded"))


@errand(f"GET {SERVICE}/sessions/new")
def new_session(scene: Scene) -> Errand:
    return Errand(_at(scene, "/sessions/new"))


@errand(f"POST {SERVICE}/sessions/new")
def add_session(scene: Scene) -> Errand:
    return _saved(scene, "/sessions/new", _session(scene))


@errand(f"GET {SESSION}")
def show_session(scene: Scene) -> Errand:
    return Errand(_at(scene, f"/sessions/{scene.cast.schedule.id}"))


@errand(f"POST {SESSION}")
def change_session(scene: Scene) -> Errand:
    return _saved(scene, f"/sessions/{scene.cast.schedule.id}", _session(scene))


@errand(f"GET {SESSION}/end")
def show_end(scene: Scene) -> Errand:
    return Errand(_at(scene, f"/sessions/{scene.cast.schedule.id}/end"))


@errand(f"POST {SESSION}/end")
def end_session(scene: Scene) -> Errand:
    form = {**_parts("last_date", _days(scene, 30)), "version": scene.cast.schedule.version}
    return _saved(scene, f"/sessions/{scene.cast.schedule.id}/end", form)


@errand(f"GET {SERVICE}/leave/new")
def new_leave(scene: Scene) -> Errand:
    return Errand(_at(scene, "/leave/new"))


@errand(f"POST {SERVICE}/leave/new")
def add_leave(scene: Scene) -> Errand:
    form = {
        "owner": f"practitioner/{scene.cast.practitioner_id}",
        **_parts("first_date", _days(scene, 20)),
        **_parts("last_date", _days(scene, 21)),
        "reason": "Annual leave",
    }
    return _saved(scene, "/leave/new", form)


@errand(f"POST {SERVICE}/leave/<uuid:exception_id>/end")
def end_leave(scene: Scene) -> Errand:
    with scene.session() as session:
        made = ScheduleException(
            id=uuid4(),
            organisation_id=scene.service.organisation_id,
            practitioner_id=scene.cast.practitioner_id,
            starts_at=now() + timedelta(days=20),
            ends_at=now() + timedelta(days=21),
            reason="Annual leave",
            created_by=actor_of(scene.cast.administrator).key,
        )
        session.add(made)
        exception_id = made.id
    return Errand(_at(scene, f"/leave/{exception_id}/end"), leads_to=_at(scene))


@errand(f"GET {SERVICE}/rules")
def show_rules(scene: Scene) -> Errand:
    return Errand(_at(scene, "/rules"))


@errand(f"POST {SERVICE}/rules")
def change_rules(scene: Scene) -> Errand:
    return _saved(scene, "/rules", {"holidays": "open", "emergency_advice": "Call 999."})


def _type(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "minutes": "20",
        "buffer_before_minutes": "0",
        "buffer_after_minutes": "5",
        "modes": ["video"],
        "priority": "routine",
        "booker": "known",
        "notice_minutes": "60",
        "days_ahead": "84",
        "change_hours": "24",
        "is_active": "y",
    }


@errand(f"GET {SERVICE}/types/new")
def new_type(scene: Scene) -> Errand:
    return Errand(_at(scene, "/types/new"))


@errand(f"POST {SERVICE}/types/new")
def add_type(scene: Scene) -> Errand:
    return _saved(scene, "/types/new", _type("Asthma review"))


@errand(f"GET {TYPE}")
def show_type(scene: Scene) -> Errand:
    return Errand(_at(scene, f"/types/{scene.cast.appointment_type.id}"))


@errand(f"POST {TYPE}")
def change_type(scene: Scene) -> Errand:
    form = {**_type("Consultation"), "version": scene.cast.appointment_type.version}
    return _saved(scene, f"/types/{scene.cast.appointment_type.id}", form)


def _clinic(scene: Scene) -> tuple[UUID, str]:
    with scene.session() as session:
        clinic, _ = make_shared_clinic(session, scene.cast)
        return clinic.id, state_of(clinic)


@errand(f"GET {SERVICE}/clinics/new")
def new_clinic(scene: Scene) -> Errand:
    return Errand(_at(scene, "/clinics/new"))


@errand(f"POST {SERVICE}/clinics/new")
def add_clinic(scene: Scene) -> Errand:
    form = {"name": "Diabetes clinic", "leader": scene.cast.practitioner_id, "lanes": "2"}
    return _saved(scene, "/clinics/new", form)


@errand(f"GET {CLINIC}")
def show_clinic(scene: Scene) -> Errand:
    clinic_id, _ = _clinic(scene)
    return Errand(_at(scene, f"/clinics/{clinic_id}"))


@errand(f"POST {CLINIC}")
def change_clinic(scene: Scene) -> Errand:
    clinic_id, seen = _clinic(scene)
    form = {"name": "Diabetes clinic", "leader": scene.cast.practitioner_id, "lanes": "3", "seen": seen}
    return _saved(scene, f"/clinics/{clinic_id}", form)


@errand(f"GET {SERVICE}/rooms")
def show_rooms(scene: Scene) -> Errand:
    return Errand(_at(scene, "/rooms"))


@errand(f"POST {SERVICE}/rooms")
def add_room(scene: Scene) -> Errand:
    return Errand(_at(scene, "/rooms"), {"name": "Room 3"}, leads_to=_at(scene, "/rooms"))


@errand(f"POST {SERVICE}/rooms/<uuid:room_id>")
def use_room(scene: Scene) -> Errand:
    with scene.session() as session:
        room = Room(
            id=uuid4(),
            organisation_id=scene.service.organisation_id,
            service_id=scene.service.id,
            name="Room 3",
        )
        session.add(room)
        room_id = room.id
    return Errand(_at(scene, f"/rooms/{room_id}"), {"is_active": "0"}, leads_to=_at(scene, "/rooms"))


@errand(f"GET {SKILLS}")
def show_skills(scene: Scene) -> Errand:
    return Errand(_at(scene, f"/skills/{scene.cast.practitioner_id}"))


@errand(f"POST {SKILLS}")
def set_skills(scene: Scene) -> Errand:
    return _saved(scene, f"/skills/{scene.cast.practitioner_id}", {"skills": "Review"})
