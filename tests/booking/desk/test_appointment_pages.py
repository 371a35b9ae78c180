"""Reception's page of an appointment: cancel, mark as missed and take it back, confirm; its history and its link."""

from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason, Change
from telehealth.booking.domain.follow_up import FollowUpReason
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.appointments import change_status, place_appointment
from telehealth.booking.slot_values import slot_value
from tests.factories import SLOT, Cast, guest_of, make_appointment, sign_in, slot_at, soon
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


@pytest.fixture
def booked(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast)
    session.commit()
    return made


@pytest.fixture
def begun(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast, starts_at=soon() - 2 * SLOT)
    session.commit()
    return made


def page_of(appointment: Appointment, rest: str = "") -> str:
    return f"/desk/appointments/{appointment.id}{rest}"


def choice(cast: Cast, number: int = 0) -> str:
    return slot_value(slot_at(cast, soon() + number * SLOT))


def form_to(page: str, ending: str) -> int:
    """The number of the page's form whose address ends like this."""
    return next(
        number
        for number, form in enumerate(posted_forms(page))
        if (form.get("action") or "").endswith(ending)
    )


def test_the_record_shows_what_is_to_come_first_and_what_was_folded(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    gone = make_appointment(session, cast, starts_at=soon() + 4 * SLOT)
    change_status(session, actor_of(cast.receptionist), gone, AppointmentStatus.CANCELLED, "pat")
    session.commit()
    page = client.get_page(f"/desk/patients/{cast.patient.id}")
    assert page.index(booked.reference) < page.index("Past and cancelled") < page.index(gone.reference)
    for address in (page_of(booked, "/move"), page_of(booked, "/cancel"), page_of(booked, "#tell")):
        assert f'href="{address}"' in page
    assert f'href="{page_of(gone, "/cancel")}"' not in page
    assert "To be seen again" in page


def test_cancelling_says_why_frees_the_time_and_forgets_nobody(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    times = f"/desk/patients/{cast.other_patient.id}/book"
    assert choice(cast) not in client.get_page(times)
    page = client.submit(page_of(booked, "/cancel"), {"reason": "pat-unwell", "note": "Has a cold"})
    assert "cancelled and its time is free again" in page
    assert "data-join-link" not in page
    assert "Cancelled: The patient is too unwell" in page
    assert "Has a cold" in page
    assert choice(cast) in client.get_page(times)
    assert session.scalars(select(FollowUpRequest)).one().reason is FollowUpReason.CANCELLED


def test_cancelling_what_changed_meanwhile_shows_what_it_is_now(
    client: CheckedClient, session: Session, booked: Appointment
) -> None:
    form = fields_of(client.get_page(page_of(booked, "/cancel")))
    change_status(session, guest_of(booked), booked, AppointmentStatus.ARRIVED)
    session.commit()
    answer = client.post(page_of(booked, "/cancel"), data={**form, "reason": "other", "note": "Phoned"})
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    assert "in the waiting room" in answer.text.lower()
    assert fields_of(answer.text)["note"] == "Phoned"
    assert fields_of(answer.text)["reason"] == "other"
    assert fields_of(answer.text)["version"] == "2"


@pytest.mark.parametrize(
    "form",
    [
        {"reason": "", "version": "1"},
        {"reason": "bored", "version": "1"},
        {"reason": "pat", "version": ""},
        {"reason": "pat", "version": "x"},
        {"reason": "pat", "version": "9" * 5000},
        {"reason": "pat", "note": "x" * 501, "version": "1"},
    ],
)
def test_a_cancellation_that_is_not_complete(
    client: CheckedClient, session: Session, booked: Appointment, form: dict[str, str]
) -> None:
    client.submit(page_of(booked, "/cancel"), form, status=422)
    session.refresh(booked)
    assert booked.status is AppointmentStatus.BOOKED


def test_a_very_large_version_is_only_stale(client: CheckedClient, booked: Appointment) -> None:
    client.submit(page_of(booked, "/cancel"), {"reason": "pat", "version": "9" * 40}, status=409)


def test_what_is_cancelled_offers_no_cancelling(client: CheckedClient, booked: Appointment) -> None:
    client.submit(page_of(booked, "/cancel"), {"reason": "pat"})
    assert "It cannot be cancelled any more" in client.get_page(page_of(booked, "/cancel"))
    assert "cannot be moved any more" in client.get_page(page_of(booked, "/move"))


def test_a_missed_appointment_can_be_taken_back(
    client: CheckedClient, session: Session, begun: Appointment
) -> None:
    page = client.get_page(page_of(begun))
    page = client.submit(page_of(begun), form=form_to(page, "/noshow"))
    assert "did not attend" in page
    request = session.scalars(select(FollowUpRequest)).one()
    assert request.reason is FollowUpReason.NOSHOW
    page = client.submit(page_of(begun), form=form_to(page, "/noshow/undo"))
    session.refresh(begun)
    session.refresh(request)
    assert begun.status is AppointmentStatus.BOOKED
    assert request.status.value == "completed"
    assert "Taken back that the patient did not attend" in page


def test_nobody_missed_what_has_not_begun(client: CheckedClient, booked: Appointment) -> None:
    page = client.get_page(page_of(booked))
    assert "/noshow" not in page
    form = {**fields_of(page), "version": "1"}
    assert client.post(page_of(booked, "/noshow"), data=form).status_code == 409


@pytest.mark.parametrize("action", ["confirm", "noshow", "noshow/undo"])
def test_a_button_of_an_old_page_does_nothing(
    client: CheckedClient, session: Session, begun: Appointment, action: str
) -> None:
    csrf = fields_of(client.get_page(page_of(begun)))["csrf_token"]
    for version, status in (("7", 409), ("x", 422), ("", 422)):
        answer = client.post(page_of(begun, f"/{action}"), data={"csrf_token": csrf, "version": version})
        assert answer.status_code == status
    session.refresh(begun)
    assert begun.version == 1


def test_a_button_that_is_pressed_twice_did_what_it_says(
    client: CheckedClient, session: Session, begun: Appointment
) -> None:
    csrf = fields_of(client.get_page(page_of(begun)))["csrf_token"]

    def press(action: str, version: int) -> str:
        form = {"csrf_token": csrf, "version": str(version), "reason": "pat", "note": "Rang"}
        answer = client.post(page_of(begun, f"/{action}"), data=form, follow_redirects=True)
        assert answer.status_code == 200, action
        return answer.text

    for action, version, words in (
        ("noshow", 1, "It is noted that the patient did not attend"),
        ("noshow/undo", 2, "It is taken back"),
        ("cancel", 3, "The appointment is cancelled"),
    ):
        assert words in press(action, version)
        assert words in press(action, version)
    session.refresh(begun)
    assert begun.version == 4
    # Of an older page it is no second press.
    form = {"csrf_token": csrf, "version": "1"}
    assert client.post(page_of(begun, "/noshow"), data=form).status_code == 409


def test_what_was_asked_for_is_confirmed(client: CheckedClient, session: Session, cast: Cast) -> None:
    asked = place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        cast.patient,
        slot_at(cast, soon()),
        type_=cast.appointment_type,
        status=AppointmentStatus.PENDING,
        change=Change.ASKED,
    )
    session.commit()
    page = client.get_page(page_of(asked))
    assert "data-join-link" not in page
    page = client.submit(page_of(asked), form=form_to(page, "/confirm"))
    assert "data-join-link" in page
    session.refresh(asked)
    assert asked.status is AppointmentStatus.BOOKED


def test_who_asked_online_is_checked_before_it_is_confirmed(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    cast.patient.is_verified = False
    session.add(cast.patient)
    asked = place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        cast.patient,
        slot_at(cast, soon()),
        type_=cast.appointment_type,
        status=AppointmentStatus.PENDING,
        change=Change.ASKED,
    )
    session.commit()
    page = client.get_page(page_of(asked))
    assert "Check who they are" in page
    assert not any((form.get("action") or "").endswith("/confirm") for form in posted_forms(page))


def test_an_interpreter_can_be_added_later(
    client: CheckedClient, session: Session, booked: Appointment
) -> None:
    address = page_of(booked, "/details")
    assert fields_of(client.get_page(address))["reason"] == "Blood pressure review"
    page = client.submit(address, {"interpreter_language": "Polish"}, status=422)
    assert "Choose how the interpreter joins" in page
    typed = {"interpreter_language": "Polish", "interpreter_joins": "with-patient"}
    page = client.submit(address, {**typed, "reason": "Headaches"})
    assert "Interpreter needed: Polish. With the patient" in page
    assert "Headaches" in page
    assert "Details changed" in page
    assert client.post(address, data={**fields_of(page), **typed, "version": "1"}).status_code == 409
    session.refresh(booked.patient)
    assert booked.patient.interpreter_language == "Polish"


def test_the_history_says_who_did_what(client: CheckedClient, session: Session, cast: Cast) -> None:
    booked = make_appointment(session, cast)
    change_status(session, guest_of(booked), booked, AppointmentStatus.ARRIVED)
    change_status(
        session,
        actor_of(cast.administrator),
        booked,
        AppointmentStatus.CANCELLED,
        CancelReason.PROVIDER.value,
    )
    session.commit()
    page = client.get_page(page_of(booked))
    assert page.index("The clinician cannot be there") < page.index("Arrived") < page.index("Booked:")
    for name in ("by Administrator", "by Reception", "by the patient, or a carer, with a link"):
        assert name in page


def test_a_strangers_appointment_is_not_there(client: CheckedClient, cast: Cast, booked: Appointment) -> None:
    for stranger in (cast.other_service_receptionist, cast.other_organisation_receptionist):
        sign_in(client, stranger)
        form = {**fields_of(client.get_page("/desk/patients/new")), "reason": "pat", "version": "1"}
        for rest in ("", "/cancel", "/move"):
            client.get_page(page_of(booked, rest), status=404)
        for rest in ("/cancel", "/noshow", "/noshow/undo", "/confirm"):
            assert client.post(page_of(booked, rest), data=form).status_code == 404
        slot = {"slot": choice(cast), "appointment_type_id": str(cast.appointment_type.id), "mode": "video"}
        assert client.post(page_of(booked, "/hold"), data={**form, **slot}).status_code == 404
        assert client.get(f"/desk/appointments/{uuid4()}").status_code == 404


def test_a_patient_whom_another_service_protects_is_not_named_when_their_appointment_is_moved(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    from telehealth.accounts.services.protection import SafeWays
    from telehealth.booking.services.protection import protect_patient

    protect_patient(
        session,
        actor_of(cast.other_service_receptionist),
        session.merge(cast.patient),
        cast.other_service.id,
        SafeWays(is_phone_safe=True, is_email_safe=False),
    )
    session.commit()
    for rest in ("", "/move", "/cancel"):
        page = client.get_page(page_of(booked, rest))
        assert "Protected patient" in page
        assert "Morgan" not in page
    details = client.submit(page_of(booked, "/move"), {"slot": choice(cast, 3)})
    assert "Morgan" not in details


def test_a_colleague_of_another_service_sees_the_patient_but_not_the_appointments(
    client: CheckedClient, cast: Cast, booked: Appointment
) -> None:
    sign_in(client, cast.other_service_receptionist)
    page = client.get_page(f"/desk/patients/{cast.patient.id}")
    assert f"{booked.id}" not in page
    assert "Blood pressure" not in page
