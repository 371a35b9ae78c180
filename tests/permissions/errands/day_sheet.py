"""The day sheet."""

from telehealth.clock import uk_today
from tests.factories import soon
from tests.permissions.errands.registry import address_of, errand
from tests.permissions.scene import Scene
from tests.permissions.stage import Errand

SHEET_PAGE = r"/desk/day/\d{4}-\d{2}-\d{2}"


@errand("GET /desk/day")
def choose_day(_scene: Scene) -> Errand:
    return Errand("/desk/day", leads_to=SHEET_PAGE)


@errand("GET /desk/day/<day>")
def sheet(scene: Scene) -> Errand:
    return Errand(address_of(scene, "/desk/day/<day>", day=uk_today()))


@errand("GET /desk/day/<day>?patient=<uuid:patient_id>")
def sheet_for_patient(scene: Scene) -> Errand:
    return Errand(address_of(scene, "/desk/day/<day>?patient=<uuid:patient_id>", day=uk_today()))


@errand("GET /desk/day/<day>/sheet")
def fragment(scene: Scene) -> Errand:
    return Errand(address_of(scene, "/desk/day/<day>/sheet", day=uk_today()))


@errand("GET /desk/day/token")
def live_token(_scene: Scene) -> Errand:
    return Errand("/desk/day/token", headers={"Accept": "application/json"})


@errand("POST /desk/day/choose")
def choose_gap(scene: Scene) -> Errand:
    cast = scene.cast
    form = {
        "schedule_id": str(cast.schedule.id),
        "starts_at": f"{soon():%Y-%m-%dT%H:%M:%SZ}",
        "appointment_type_id": str(cast.appointment_type.id),
        "mode": "video",
    }
    return Errand("/desk/day/choose", form, leads_to="/desk", only_reads=True)


@errand("POST /desk/day/forget")
def forget_gap(_scene: Scene) -> Errand:
    return Errand("/desk/day/forget", leads_to="/desk/day", only_reads=True)
