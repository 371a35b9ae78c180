"""States of an appointment, and whose page tells of each: what no single valid request shows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import CancelReason
from telehealth.booking.models import Appointment, JoinAttempt
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.links import make_link
from telehealth.clock import now
from telehealth.notes.domain.headings import HEADINGS
from telehealth.notes.services import sign_note
from telehealth.video.domain.encounter import Outcome as Ending
from telehealth.video.services.encounters import admit_patient, end_encounter
from tests.factories import protect
from tests.permissions.errands import clinic, find_patients, visit
from tests.permissions.scene import Scene


def nothing(_scene: Scene) -> None:
    return None


def change(scene: Scene, **values: Any) -> None:
    scene.connection.execute(
        update(Appointment).where(Appointment.id == scene.appointment.id).values(**values)
    )


def too_early(scene: Scene) -> None:
    change(scene, starts_at=now() + timedelta(days=2), ends_at=now() + timedelta(days=2, minutes=15))


def too_late(scene: Scene) -> None:
    change(scene, starts_at=now() - timedelta(days=2), ends_at=now() - timedelta(days=2, minutes=-15))


def cancelled(scene: Scene) -> None:
    with scene.session() as session:
        cancel_appointment(
            session,
            actor_of(scene.cast.receptionist),
            scene.appointment.id,
            version=scene.appointment.version,
            reason=CancelReason.PATIENT,
        )


def locked(scene: Scene) -> None:
    with scene.session() as session:
        link = make_link(session, session.get_one(Appointment, scene.appointment.id))
        session.add_all(
            JoinAttempt(join_link_id=link.id, attempted_at=now(), succeeded=False) for _ in range(10)
        )


def waiting(scene: Scene) -> None:
    clinic.let_patient_wait(scene)


def admitted(scene: Scene) -> None:
    waiting(scene)
    with scene.session() as session:
        admit_patient(session, actor_of(scene.cast.clinician), scene.appointment.id)


def ended(outcome: Ending) -> Callable[[Scene], None]:
    def arrange(scene: Scene) -> None:
        admitted(scene)
        with scene.session() as session:
            owner = actor_of(scene.cast.clinician)
            end_encounter(session, owner, scene.appointment.id, outcome=outcome, next_steps="Rest.")

    return arrange


def signed(scene: Scene) -> None:
    ended(Ending.COMPLETED)(scene)
    with scene.session() as session:
        sign_note(
            session,
            actor_of(scene.cast.clinician),
            scene.note.id,
            version=scene.note.draft_version,
            sections={HEADINGS[0].code: "Well."},
        )


def protected(scene: Scene) -> None:
    with scene.session() as session:
        protect(session, scene.cast)


def confidential(scene: Scene) -> None:
    change(scene, is_confidential=True)


def emergency(scene: Scene) -> None:
    clinic.open_in_emergency(scene, "other_clinician")


def asked_online(scene: Scene) -> None:
    """The patient is to be verified, and somebody of that name and date of birth is known already."""
    find_patients.let_patient_ask(scene)


def merged(scene: Scene) -> None:
    """The patient's record into another."""
    find_patients.merge_records_of(scene)


def link_address(scene: Scene) -> str:
    return visit.join_address(scene)


Address = str | Callable[[Scene], str]
VISIT = "/visits/<uuid:appointment_id>"
SITUATIONS: dict[str, tuple[Callable[[Scene], None], list[tuple[str, Address]]]] = {
    "nobody is known": (
        nothing,
        [
            ("anonymous", "/no-such-page"),
            ("receptionist", "/no-such-page"),
            ("anonymous", "/join/altered"),
            ("anonymous", "/welcome/altered"),
            ("anonymous", "/my/sign-in/altered"),
            ("colleague", "/clinic"),
            ("former_carer", "/my"),
        ],
    ),
    "too early": (too_early, [("guest", VISIT), ("guest", f"{VISIT}/room"), ("anonymous", link_address)]),
    "too late": (too_late, [("guest", VISIT), ("guest", f"{VISIT}/after"), ("anonymous", link_address)]),
    "cancelled": (
        cancelled,
        [
            ("guest", VISIT),
            ("guest", f"{VISIT}/after"),
            ("anonymous", link_address),
            ("owner", "/clinic"),
            ("owner", "/clinic/consultations/<uuid:appointment_id>"),
            ("receptionist", "/desk/appointments/<uuid:appointment_id>"),
            ("patient", "/my"),
        ],
    ),
    "the link is locked": (
        locked,
        [("anonymous", link_address), ("receptionist", "/desk/appointments/<uuid:appointment_id>")],
    ),
    "the patient waits": (
        waiting,
        [
            ("owner", "/clinic"),
            ("owner", "/clinic/list"),
            ("owner", "/clinic/consultations/<uuid:appointment_id>"),
            ("guest", f"{VISIT}/room"),
            ("patient", "/my"),
        ],
    ),
    "they talk": (
        admitted,
        [
            ("owner", "/clinic"),
            ("owner", "/clinic/consultations/<uuid:appointment_id>"),
            ("guest", f"{VISIT}/room"),
        ],
    ),
    **{
        f"over: {outcome.value}": (
            ended(outcome),
            [
                ("guest", f"{VISIT}/after"),
                ("guest", VISIT),
                ("owner", "/clinic"),
                ("owner", "/clinic/consultations/<uuid:appointment_id>"),
                ("receptionist", "/desk/patients/<uuid:patient_id>"),
                ("receptionist", "/desk/appointments/<uuid:appointment_id>"),
                ("patient", "/my"),
            ],
        )
        for outcome in Ending
    },
    "signed": (
        signed,
        [
            ("owner", "/clinic"),
            ("owner", "/clinic/consultations/<uuid:appointment_id>"),
            ("patient", "/my/access"),
            ("administrator", "/admin/audit"),
        ],
    ),
    "protected": (
        protected,
        [
            ("receptionist", "/desk/patients/<uuid:patient_id>"),
            ("receptionist", "/desk/patients/<uuid:patient_id>/protection"),
            ("receptionist", "/desk/appointments/<uuid:appointment_id>"),
            ("guest", VISIT),
            ("guest", f"{VISIT}/room"),
            ("owner", "/clinic"),
            ("owner", "/clinic/consultations/<uuid:appointment_id>"),
        ],
    ),
    "confidential": (
        confidential,
        [
            ("receptionist", "/desk/appointments/<uuid:appointment_id>"),
            ("owner", "/clinic"),
            ("carer", "/my"),
            ("patient", "/my"),
        ],
    ),
    "asked online": (
        asked_online,
        [
            ("receptionist", "/desk/verify"),
            ("receptionist", "/desk/verify/<uuid:patient_id>"),
            ("receptionist", "/desk/patients/<uuid:patient_id>"),
        ],
    ),
    "merged": (
        merged,
        [
            ("receptionist", "/desk/patients/<uuid:patient_id>"),
            ("receptionist", "/desk/patients/<uuid:patient_id>/unmerge"),
            ("administrator", "/admin/audit"),
        ],
    ),
    "opened in an emergency": (
        emergency,
        [("administrator", "/admin/emergency"), ("patient", "/my/access"), ("administrator", "/admin/audit")],
    ),
}
