"""Merging two records, and people to verify."""

from uuid import UUID

from telehealth.accounts.models import LinkReason, Patient
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.models import Appointment
from telehealth.booking.services.record_merges import merge_records
from tests.factories import make_patient
from tests.permissions.errands.registry import address_of, errand
from tests.permissions.scene import NHS_NUMBER, Scene
from tests.permissions.stage import Errand

RECORD = "/desk/patients/<uuid:patient_id>"
RECORD_PAGE = r"/desk/patients/[0-9a-f-]{36}"
MERGE = f"{RECORD}/merge/<uuid:other_id>"
VERIFY = "/desk/verify/<uuid:patient_id>"


@errand(f"POST {RECORD}/duplicate")
def search(scene: Scene) -> Errand:
    return Errand(address_of(scene, f"{RECORD}/duplicate"), {"q": "Ffion"}, only_reads=True)


@errand(f"GET {MERGE}")
def compare(scene: Scene) -> Errand:
    return Errand(address_of(scene, MERGE, other_id=scene.fresh_patient.id))


@errand(f"POST {MERGE}")
def merge(scene: Scene) -> Errand:
    form = {"keep": str(scene.patient.id), "reason": "registered-twice"}
    return Errand(address_of(scene, MERGE, other_id=scene.fresh_patient.id), form, leads_to=RECORD_PAGE)


@errand(f"GET {RECORD}/unmerge")
def ask_to_unmerge(scene: Scene) -> Errand:
    return Errand(address_of(scene, f"{RECORD}/unmerge", patient_id=_merged(scene)))


@errand(f"POST {RECORD}/unmerge")
def unmerge(scene: Scene) -> Errand:
    return Errand(address_of(scene, f"{RECORD}/unmerge", patient_id=_merged(scene)), leads_to=RECORD_PAGE)


def _merged(scene: Scene) -> UUID:
    """A record that was merged into the scene's patient's."""
    with scene.session() as session:
        receptionist = actor_of(scene.cast.receptionist)
        fresh = scene.fresh_patient.id
        merge_records(session, receptionist, fresh, scene.patient.id, LinkReason.REGISTERED_TWICE)
    return fresh


@errand(f"GET {VERIFY}")
def show(scene: Scene) -> Errand:
    return Errand(address_of(scene, VERIFY, patient_id=_unverified(scene)))


@errand(f"POST {VERIFY}")
def confirm(scene: Scene) -> Errand:
    return Errand(address_of(scene, VERIFY, patient_id=_unverified(scene)), leads_to=RECORD_PAGE)


def let_patient_ask(scene: Scene) -> None:
    """The scene's patient asked for the scene's appointment online; a record with the same details is there."""
    with scene.session() as session:
        known = make_patient(session, session.merge(scene.service), given_name=scene.patient.given_name)
        patient = session.get_one(Patient, scene.patient.id)
        patient.is_verified, patient.nhs_number, patient.claimed_nhs_number = False, None, NHS_NUMBER
        known.birth_date = patient.birth_date
        session.get_one(Appointment, scene.appointment.id).status = AppointmentStatus.PENDING


def merge_records_of(scene: Scene) -> None:
    """The scene's patient's record is merged into another."""
    with scene.session() as session:
        receptionist = actor_of(scene.cast.receptionist)
        fresh = scene.fresh_patient.id
        merge_records(session, receptionist, scene.patient.id, fresh, LinkReason.CHANGED_NAME)


def _unverified(scene: Scene) -> UUID:
    with scene.session() as session:
        session.get_one(Patient, scene.fresh_patient.id).is_verified = False
    return scene.fresh_patient.id
