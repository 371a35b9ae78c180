"""What patients send to book, move and cancel themselves."""

from collections.abc import Callable, Mapping
from uuid import UUID

from telehealth.actor import ANONYMOUS
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.appointment_type import Booker
from telehealth.booking.services.holds import hold_slot
from tests.factories import SLOT, slot_at, soon
from tests.permissions.errands.desk import date_parts
from tests.permissions.errands.registry import address_of, errand
from tests.permissions.people import EVERYBODY, Person
from tests.permissions.scene import Scene, new_key
from tests.permissions.stage import Errand

SERVICE = "/book/<uuid:service_id>"
APPOINTMENT = "/appointments/<uuid:appointment_id>"
BOOKING_PAGE = r"/book/[0-9a-f-]{36}"
APPOINTMENT_PAGE = r"/appointments/[0-9a-f-]{36}"


def open_type(scene: Scene) -> dict[str, str]:
    """A type that everybody may book."""
    with scene.session() as session:
        type_ = session.merge(scene.cast.appointment_type)
        type_.booker = Booker.ANYONE
        return {"type": str(type_.id), "mode": "video"}


def at_service(scene: Scene, rule: str, query: dict[str, str] | None = None) -> str:
    address = address_of(scene, rule, service_id=scene.service.id)
    return address + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")


def slot(scene: Scene, number: int) -> str:
    return f"{scene.cast.schedule.id}/{soon() + number * SLOT:%Y-%m-%dT%H:%M:%SZ}"


def own(scene: Scene) -> UUID:
    """An appointment that its patient may still change."""
    with scene.session() as session:
        appointment = session.merge(scene.appointment)
        return appointment.id


def hold_for_each(scene: Scene, *, moves: bool = False) -> dict[str, UUID]:
    """Everybody has chosen a time of their own."""
    held: dict[str, UUID] = {}
    with scene.session() as session:
        type_ = session.merge(scene.cast.appointment_type)
        service = session.merge(scene.service)
        for number, person in enumerate(EVERYBODY, start=12):
            account = scene.accounts.get(person.key)
            held[person.key] = hold_slot(
                session,
                ANONYMOUS,
                service,
                slot_at(scene.cast, soon() + number * SLOT),
                type_=type_,
                mode=Mode.VIDEO,
                owner=f"account:{account.id}" if account else f"browser:{person.key}",
                moves=session.merge(scene.appointment) if moves else None,
            ).id
    return held


def keep(held: dict[str, UUID]) -> Callable[[Person], Mapping[str, str]]:
    return lambda person: {"hold": held[person.key].hex, "browser": person.key}


def typed(scene: Scene, held: dict[str, UUID]) -> Callable[[Person], Mapping[str, str]]:
    """All that a stranger types; those who are known are not asked so much."""
    chosen, key = open_type(scene), new_key()
    return lambda person: {
        **chosen,
        **date_parts("birth_date", scene.patient.birth_date),
        "hold": held[person.key].hex,
        "given_name": scene.patient.given_name,
        "family_name": scene.patient.family_name,
        "phone": "07700 900777",
        "reason": "Review",
        "needs_interpreter": "no",
        "idempotency_key": key,
    }


@errand(f"GET {SERVICE}")
def what(scene: Scene) -> Errand:
    open_type(scene)
    return Errand(at_service(scene, SERVICE))


@errand("GET /book")
def services(scene: Scene) -> Errand:
    return Errand("/book")


@errand(f"GET {SERVICE}/how")
def how(scene: Scene) -> Errand:
    return Errand(at_service(scene, f"{SERVICE}/how", {"type": open_type(scene)["type"]}))


@errand(f"GET {SERVICE}/when")
def when(scene: Scene) -> Errand:
    return Errand(at_service(scene, f"{SERVICE}/when", open_type(scene)))


@errand(f"POST {SERVICE}/when")
def hold(scene: Scene) -> Errand:
    form = {**open_type(scene), "slot": slot(scene, 8)}
    return Errand(at_service(scene, f"{SERVICE}/when"), form, leads_to=BOOKING_PAGE + "/details")


@errand(f"POST {SERVICE}/back")
def back(scene: Scene) -> Errand:
    held = hold_for_each(scene)
    address = at_service(scene, f"{SERVICE}/back")
    return Errand(address, open_type(scene), kept=keep(held), leads_to=BOOKING_PAGE + "/when")


@errand(f"GET {SERVICE}/details")
def details(scene: Scene) -> Errand:
    held = hold_for_each(scene)
    open_type(scene)
    return Errand(at_service(scene, f"{SERVICE}/details"), kept=keep(held))


@errand(f"POST {SERVICE}/details")
def change_details(scene: Scene) -> Errand:
    held = hold_for_each(scene)
    address = at_service(scene, f"{SERVICE}/details")
    return Errand(address, typed(scene, held), kept=keep(held), only_reads=True)


@errand(f"POST {SERVICE}/check")
def check(scene: Scene) -> Errand:
    held = hold_for_each(scene)
    address = at_service(scene, f"{SERVICE}/check")
    return Errand(address, typed(scene, held), kept=keep(held), only_reads=True)


@errand(f"POST {SERVICE}/confirm")
def confirm(scene: Scene) -> Errand:
    held = hold_for_each(scene)
    address = at_service(scene, f"{SERVICE}/confirm")
    return Errand(address, typed(scene, held), kept=keep(held), leads_to="/book/done")


@errand("GET /book/done")
def done(scene: Scene) -> Errand:
    return Errand("/book/done", leads_to="/book")


@errand(f"POST {APPOINTMENT}/move")
def choose_new_time(scene: Scene) -> Errand:
    return Errand(
        address_of(scene, f"{APPOINTMENT}/move", appointment_id=own(scene)),
        {"slot": slot(scene, 9), "mode": "video"},
        leads_to=APPOINTMENT_PAGE + "/move/check",
    )


@errand(f"GET {APPOINTMENT}/move/check")
def ask_move(scene: Scene) -> Errand:
    held = hold_for_each(scene, moves=True)
    address = address_of(scene, f"{APPOINTMENT}/move/check", appointment_id=own(scene))
    return Errand(address, kept=keep(held))


@errand(f"POST {APPOINTMENT}/move/check")
def move(scene: Scene) -> Errand:
    held = hold_for_each(scene, moves=True)
    address = address_of(scene, f"{APPOINTMENT}/move/check", appointment_id=own(scene))

    def form(person: Person) -> Mapping[str, str]:
        return {
            "version": str(scene.appointment.version),
            "hold": held[person.key].hex,
            "idempotency_key": held[person.key].hex,
        }

    return Errand(address, form, kept=keep(held), leads_to=APPOINTMENT_PAGE)


@errand(f"POST {APPOINTMENT}/move/back")
def choose_another(scene: Scene) -> Errand:
    held = hold_for_each(scene, moves=True)
    address = address_of(scene, f"{APPOINTMENT}/move/back", appointment_id=own(scene))
    return Errand(address, kept=keep(held), leads_to=APPOINTMENT_PAGE + "/move")


@errand(f"POST {APPOINTMENT}/cancel")
def cancel(scene: Scene) -> Errand:
    form = {"note": "", "version": scene.appointment.version}
    address = address_of(scene, f"{APPOINTMENT}/cancel", appointment_id=own(scene))
    return Errand(address, form, leads_to=APPOINTMENT_PAGE)
