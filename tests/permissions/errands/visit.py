"""The patient's side: links, visits, and the pages of an account."""

from telehealth.accounts.domain.contact import CODE_LIFE
from telehealth.accounts.models import ContactKind
from telehealth.accounts.services import contact_changes
from telehealth.accounts.services.contact_changes import request_contact_change
from telehealth.accounts.services.patient_sign_in import send_sign_in_link
from telehealth.actor import ANONYMOUS, Actor, ActorKind
from telehealth.booking.join_addresses import link_signer
from telehealth.booking.models import Appointment
from telehealth.booking.services.links import make_link
from telehealth.clock import now
from tests.permissions.errands.desk import date_parts
from tests.permissions.errands.registry import errand
from tests.permissions.scene import Scene
from tests.permissions.stage import Errand

EMAIL = "patient@example.test"
CODE = "482915"


def join_address(scene: Scene) -> str:
    with scene.app.app_context(), scene.session() as session:
        appointment = session.get_one(Appointment, scene.appointment.id)
        return f"/join/{link_signer().sign(make_link(session, appointment).id)}"


@errand("GET /join/<token>")
def show_link(scene: Scene) -> Errand:
    return Errand(join_address(scene))


@errand("POST /join/<token>")
def open_link(scene: Scene) -> Errand:
    form = date_parts("birth_date", scene.patient.birth_date)
    return Errand(join_address(scene), form, leads_to=r"/visits/[0-9a-f-]{36}")


@errand("GET /visits/<uuid:appointment_id>/token")
def room_token(scene: Scene) -> Errand:
    return Errand(f"/visits/{scene.appointment.id}/token", headers={"Accept": "application/json"})


@errand("GET /visits/<uuid:appointment_id>/token?role=clinician")
def clinicians_token(scene: Scene) -> Errand:
    address = f"/visits/{scene.appointment.id}/token?role=clinician"
    return Errand(address, headers={"Accept": "application/json"})


@errand("POST /my/sign-in")
def ask_for_link(scene: Scene) -> Errand:
    return Errand("/my/sign-in", {"email": EMAIL}, leads_to="/my/sign-in/sent")


def _sign_in_link(scene: Scene) -> str:
    """Both patients have this address: the date of birth says which of them it is."""
    tokens: list[str] = []

    def keep(token: str) -> str:
        tokens.append(token)
        return f"http://localhost:5000/my/sign-in/{token}"

    with scene.session() as session:
        send_sign_in_link(session, ANONYMOUS, EMAIL, keep)
    return f"/my/sign-in/{tokens[0]}"


@errand("GET /my/sign-in/<token>")
def show_sign_in_link(scene: Scene) -> Errand:
    return Errand(_sign_in_link(scene))


@errand("POST /my/sign-in/<token>")
def open_sign_in_link(scene: Scene) -> Errand:
    return Errand(_sign_in_link(scene), date_parts("birth_date", scene.patient.birth_date), leads_to="/my")


@errand("POST /my/details/change")
def change(scene: Scene) -> Errand:
    form = {"kind": "phone", "value": "07700 900456"}
    return Errand("/my/details/change", form, leads_to="/my/details/change/.+")


def _own_change(scene: Scene, *, has_code: bool = False) -> str:
    patient_id = scene.patient.id
    who = Actor(
        kind=ActorKind.PATIENT,
        account_id=scene.accounts["patient"].id,
        organisation_id=scene.patient.organisation_id,
        patient_id=patient_id,
    )
    with scene.session() as session:
        patient = session.merge(scene.patient)
        made = request_contact_change(session, who, patient, ContactKind.PHONE, "+447700900456")
        if has_code:
            made.code_hash = contact_changes._hash(session, made, CODE)
            made.code_expires_at = now() + CODE_LIFE
        return f"/my/details/change/{made.id}"


@errand("GET /my/details/change/<uuid:change_id>")
def show_own_change(scene: Scene) -> Errand:
    return Errand(_own_change(scene))


@errand("POST /my/details/change/<uuid:change_id>")
def verify_own_change(scene: Scene) -> Errand:
    return Errand(_own_change(scene, has_code=True), {"code": CODE}, leads_to="/my/details")


@errand("POST /my/details/change/<uuid:change_id>/code")
def send_own_code(scene: Scene) -> Errand:
    return Errand(f"{_own_change(scene)}/code", leads_to="/my/details/change/.+")
