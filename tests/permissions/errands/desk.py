"""Reception's pages."""

from datetime import date

from telehealth.accounts.models import ContactChange, ContactKind
from telehealth.accounts.services.contact_changes import request_contact_change
from telehealth.accounts.services.sign_in import actor_of
from tests.factories import protect
from tests.permissions.errands.registry import address_of, errand
from tests.permissions.scene import Scene
from tests.permissions.stage import Errand

APPOINTMENT_PAGE = r"/desk/appointments/[0-9a-f-]{36}"
RECORD_PAGE = r"/desk/patients/[0-9a-f-]{36}"
RECORD = "/desk/patients/<uuid:patient_id>"
APPOINTMENT = "/desk/appointments/<uuid:appointment_id>"


@errand("POST /desk")
def search(_scene: Scene) -> Errand:
    return Errand("/desk", {"q": "Morgan"}, only_reads=True)


@errand("POST /desk/choose")
def choose_desk(scene: Scene) -> Errand:
    form = {"service_id": str(scene.cast.service.id), "next": "/desk"}
    return Errand("/desk/choose", form, leads_to="/desk", only_reads=True)


@errand("POST /desk/patients/new")
def register_patient(scene: Scene) -> Errand:
    form = {"given_name": "Gwen", "family_name": "Vaughan", **date_parts("birth_date", date(1955, 5, 5))}
    return Errand("/desk/patients/new", form, leads_to=RECORD_PAGE + "/book")


@errand(f"POST {APPOINTMENT}/link")
def renew_link(scene: Scene) -> Errand:
    return Errand(address_of(scene, f"{APPOINTMENT}/link"), leads_to=APPOINTMENT_PAGE)


@errand(f"POST {APPOINTMENT}/carers/<uuid:related_person_id>/link")
def carer_link(scene: Scene) -> Errand:
    address = address_of(
        scene,
        f"{APPOINTMENT}/carers/<uuid:related_person_id>/link",
        related_person_id=scene.authority.related_person_id,
    )
    return Errand(address, leads_to=APPOINTMENT_PAGE)


@errand(f"POST {APPOINTMENT}/confidential")
def confidential(scene: Scene) -> Errand:
    form = {"is_confidential": "yes", "version": scene.appointment.version}
    return Errand(address_of(scene, f"{APPOINTMENT}/confidential"), form, leads_to=APPOINTMENT_PAGE)


@errand(f"POST {RECORD}/contact")
def contact(scene: Scene) -> Errand:
    form = {"kind": "phone", "value": "07700 900456"}
    return Errand(address_of(scene, f"{RECORD}/contact"), form, leads_to=RECORD_PAGE + "/contact/.+")


def ask_for_change(scene: Scene) -> ContactChange:
    with scene.session() as session:
        patient = session.merge(scene.patient)
        receptionist = actor_of(scene.cast.receptionist)
        return request_contact_change(session, receptionist, patient, ContactKind.PHONE, "+447700900456")


def _change_address(scene: Scene, rest: str = "") -> str:
    rule = f"{RECORD}/contact/<uuid:change_id>{rest}"
    return address_of(scene, rule, change_id=ask_for_change(scene).id)


@errand(f"GET {RECORD}/contact/<uuid:change_id>")
def show_change(scene: Scene) -> Errand:
    return Errand(_change_address(scene))


@errand(f"POST {RECORD}/contact/<uuid:change_id>")
def verify(scene: Scene) -> Errand:
    return Errand(_change_address(scene), {"verification": "seen-in-person"}, leads_to=RECORD_PAGE)


@errand(f"POST {RECORD}/contact/<uuid:change_id>/code")
def send_code(scene: Scene) -> Errand:
    return Errand(_change_address(scene, "/code"), leads_to=RECORD_PAGE + "/contact/.+")


@errand(f"POST {RECORD}/contact/<uuid:change_id>/withdraw")
def withdraw(scene: Scene) -> Errand:
    return Errand(_change_address(scene, "/withdraw"), leads_to=RECORD_PAGE)


@errand(f"POST {RECORD}/protection")
def protection(scene: Scene) -> Errand:
    return Errand(address_of(scene, f"{RECORD}/protection"), {"is_phone_safe": "y"}, leads_to=RECORD_PAGE)


@errand(f"POST {RECORD}/protection/end")
def end_protection(scene: Scene) -> Errand:
    with scene.session() as session:
        protect(session, scene.cast)
    return Errand(address_of(scene, f"{RECORD}/protection/end"), leads_to=RECORD_PAGE)


@errand(f"POST {RECORD}/carers")
def record_carer(scene: Scene) -> Errand:
    form = {
        "given_name": "Rhian",
        "family_name": "Morgan",
        **date_parts("birth_date", date(1980, 1, 2)),
        "relationship_text": "sister",
        "basis": "patient-consent",
    }
    return Errand(address_of(scene, f"{RECORD}/carers"), form, leads_to=RECORD_PAGE + "/carers")


def _authority_address(scene: Scene) -> str:
    return address_of(scene, f"{RECORD}/carers/<uuid:authority_id>/end", authority_id=scene.authority.id)


@errand(f"GET {RECORD}/carers/<uuid:authority_id>/end")
def show_authority(scene: Scene) -> Errand:
    return Errand(_authority_address(scene))


@errand(f"POST {RECORD}/carers/<uuid:authority_id>/end")
def end_authority(scene: Scene) -> Errand:
    form = {"reason": "They moved away"}
    return Errand(_authority_address(scene), form, leads_to=RECORD_PAGE + "/carers")


def date_parts(field: str, value: date) -> dict[str, str]:
    """A date as the three fields of a form."""
    parts = (("day", value.day), ("month", value.month), ("year", value.year))
    return {f"{field}-{name}": str(number) for name, number in parts}
