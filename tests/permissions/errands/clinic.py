"""Clinicians' pages, and notes."""

from uuid import uuid4

from telehealth.accounts.services.sign_in import actor_of
from telehealth.clinic.services.emergency import Wanted, grant_access
from telehealth.notes.domain.headings import HEADINGS
from telehealth.notes.services import sign_note
from telehealth.video.domain.presence import MediaState, ParticipantRole
from telehealth.video.domain.signalling import Join
from telehealth.video.services.room import join_room
from tests.factories import guest_of
from tests.permissions.errands.registry import address_of, errand
from tests.permissions.scene import NHS_NUMBER, Scene
from tests.permissions.stage import Errand

CONSULTATION_PAGE = r"/clinic/consultations/[0-9a-f-]{36}"
CONSULTATION = "/clinic/consultations/<uuid:appointment_id>"
WHY = "Collapsed at home, unconscious"


def let_patient_wait(scene: Scene) -> None:
    with scene.session() as session:
        join = Join(page=uuid4(), audio=MediaState.ON, video=MediaState.ON)
        who = guest_of(scene.appointment)
        join_room(session, who, scene.encounter.id, ParticipantRole.PATIENT, join)


@errand("GET /clinic/token")
def live_token(_scene: Scene) -> Errand:
    return Errand("/clinic/token", headers={"Accept": "application/json"})


@errand("POST /clinic/appointments/<uuid:appointment_id>/admit")
def admit(scene: Scene) -> Errand:
    let_patient_wait(scene)
    address = address_of(scene, "/clinic/appointments/<uuid:appointment_id>/admit")
    return Errand(address, leads_to=CONSULTATION_PAGE)


@errand(f"POST {CONSULTATION}/end")
def end(scene: Scene) -> Errand:
    form = {"outcome": "completed", "next_steps": "Rest."}
    return Errand(address_of(scene, f"{CONSULTATION}/end"), form, leads_to=CONSULTATION_PAGE)


@errand("PUT /notes/<uuid:note_id>/draft")
def save_draft(scene: Scene) -> Errand:
    return Errand(
        address_of(scene, "/notes/<uuid:note_id>/draft"),
        json={"sections": {HEADINGS[0].code: "Well."}},
        headers={"If-Match": f'"{scene.note.draft_version}"', "Accept": "application/json"},
    )


@errand("POST /notes/<uuid:note_id>/sign")
def sign(scene: Scene) -> Errand:
    form = {f"section-{HEADINGS[0].code}": "Well.", "version": scene.note.draft_version}
    return Errand(address_of(scene, "/notes/<uuid:note_id>/sign"), form, leads_to=CONSULTATION_PAGE)


@errand("POST /clinic/emergency")
def ask_in_emergency(scene: Scene) -> Errand:
    form = {"nhs_number": NHS_NUMBER, "reason": WHY}
    leads_to = r"/clinic/emergency/[0-9a-f-]{36}"
    return Errand(
        "/clinic/emergency", form, leads_to=leads_to, nothing="There is no patient with these details"
    )


def open_in_emergency(scene: Scene, key: str) -> object:
    """The access that one of the clinicians was given; there is a signed note to read."""
    with scene.session() as session:
        sign_note(
            session,
            actor_of(scene.cast.clinician),
            scene.note.id,
            version=scene.note.draft_version,
            sections={HEADINGS[0].code: "Well."},
        )
        wanted = Wanted(nhs_number=NHS_NUMBER, family_name="", birth_date=None)
        return grant_access(session, actor_of(scene.accounts[key]), wanted, WHY).id


@errand("GET /clinic/emergency/<uuid:access_id>")
def read_in_emergency(scene: Scene) -> Errand:
    return Errand(f"/clinic/emergency/{open_in_emergency(scene, 'other_clinician')}")


@errand("POST /admin/emergency/<uuid:access_id>/reviewed")
def review(scene: Scene) -> Errand:
    access_id = open_in_emergency(scene, "other_clinician")
    return Errand(f"/admin/emergency/{access_id}/reviewed", leads_to="/admin/emergency")
