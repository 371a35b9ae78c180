"""Administrators' pages."""

from telehealth.accounts.domain.session import Stage
from telehealth.accounts.services.sessions import begin_session, find_sign_in
from telehealth.actor import Role
from telehealth.admin.staff_forms import held_value
from tests.permissions.errands.registry import errand
from tests.permissions.errands.sign_in import give_apps
from tests.permissions.scene import NHS_NUMBER, Scene, new_key
from tests.permissions.stage import Errand

ANY = {"group": "", "outcome": "", "service": ""}


@errand("POST /admin/audit")
def search_audit(_scene: Scene) -> Errand:
    return Errand(
        "/admin/audit", {**ANY, "patient": NHS_NUMBER}, only_reads=True, nothing="No patient matches"
    )


@errand("POST /admin/audit/export")
def export_audit(_scene: Scene) -> Errand:
    return Errand("/admin/audit/export", ANY, only_reads=True)


@errand("POST /admin/staff/new")
def add_staff(scene: Scene) -> Errand:
    form = {
        "email": "new@hillside-clinic.example",
        "given_name": "Carys",
        "family_name": "Bowen",
        "roles": [held_value(scene.service.id, Role.RECEPTIONIST)],
    }
    return Errand("/admin/staff/new", form)


MEMBER = "/admin/staff/<uuid:account_id>"


def _member(scene: Scene, rest: str = "") -> str:
    return f"/admin/staff/{scene.cast.colleague.id}{rest}"


@errand(f"GET {MEMBER}")
def show_member(scene: Scene) -> Errand:
    return Errand(_member(scene))


@errand(f"POST {MEMBER}/roles")
def change_roles(scene: Scene) -> Errand:
    form = {
        "roles": [held_value(scene.service.id, role) for role in (Role.CLINICIAN, Role.RECEPTIONIST)],
        "version": scene.cast.colleague.rights_version,
    }
    return Errand(_member(scene, "/roles"), form, leads_to=_member(scene))


@errand(f"POST {MEMBER}/active")
def disable(scene: Scene) -> Errand:
    return Errand(_member(scene, "/active"), {"is_active": "0"}, leads_to=_member(scene))


@errand(f"POST {MEMBER}/password")
def reset_password(scene: Scene) -> Errand:
    return Errand(_member(scene, "/password"))


@errand(f"POST {MEMBER}/second-factor")
def remove_second_factor(scene: Scene) -> Errand:
    give_apps(scene)
    form = {"reason": "Showed their staff card"}
    return Errand(_member(scene, "/second-factor"), form, leads_to=_member(scene))


@errand(f"POST {MEMBER}/sessions/<uuid:session_id>/end")
def end_session(scene: Scene) -> Errand:
    with scene.session() as session:
        found = find_sign_in(session, begin_session(session, scene.cast.colleague, Stage.SIGNED_IN))
        assert found is not None
        session_id = found.session_id
    return Errand(_member(scene, f"/sessions/{session_id}/end"), leads_to=_member(scene))


@errand(f"POST {MEMBER}/sessions/end")
def end_sessions(scene: Scene) -> Errand:
    return Errand(_member(scene, "/sessions/end"), leads_to=_member(scene))


@errand("POST /admin/services/new")
def add_service(_scene: Scene) -> Errand:
    form = {
        "name": "Dermatology",
        "phone": "01632 960557",
        "nation": "scotland",
        "idempotency_key": new_key(),
    }
    return Errand("/admin/services/new", form, leads_to="/schedules/[0-9a-f-]{36}")


@errand("GET /admin/services/<uuid:service_id>")
def show_service(scene: Scene) -> Errand:
    return Errand(f"/admin/services/{scene.service.id}")


@errand("POST /admin/services/<uuid:service_id>")
def change_service(scene: Scene) -> Errand:
    form = {"name": "Hillside Clinic", "phone": "01632 960111", "is_restricted": "y"}
    return Errand(f"/admin/services/{scene.service.id}", form, leads_to="/admin/services")
