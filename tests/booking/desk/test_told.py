"""Reception reads whether the patient was just told: nobody writes to them twice, or not at all."""

import pytest
from sqlalchemy.orm import Session

from telehealth.booking.models import Appointment
from tests.booking.desk.desk_forms import choice, hold, only
from tests.factories import SLOT, Cast, make_appointment, sign_in, soon
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web

EMAILED = "The patient gets an email about it now."


@pytest.fixture
def booked(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast, starts_at=soon() + 8 * SLOT)
    session.commit()
    return made


@pytest.fixture
def unreachable(session: Session, cast: Cast) -> None:
    cast.patient.email = cast.patient.phone = ""
    session.add(cast.patient)
    session.commit()


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


def book(client: CheckedClient, cast: Cast) -> str:
    return client.submit(hold(client, cast))


def move(client: CheckedClient, cast: Cast, appointment: Appointment) -> str:
    details = client.submit(f"/desk/appointments/{appointment.id}/move", {"slot": choice(cast, 3)})
    answer = client.post(posted_forms(details)[0].get("action") or "", data=fields_of(details))
    return client.get_page(answer.headers["Location"])


def cancel(client: CheckedClient, appointment: Appointment) -> str:
    return client.submit(f"/desk/appointments/{appointment.id}/cancel", {"reason": "prov"})


def test_who_is_told_by_email_is_not_written_to_again(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    page = book(client, cast)
    assert f"The appointment is booked. Tell the patient the reference. {EMAILED}" in page
    made = only(session)
    assert f"stay the same. {EMAILED}" in move(client, cast, made)
    assert EMAILED in cancel(client, made)


def test_a_double_click_says_it_too(client: CheckedClient, cast: Cast) -> None:
    """The second answer is the one that the browser shows."""
    address = hold(client, cast)
    form = fields_of(client.get_page(address))
    for _ in range(2):
        answer = client.post(address.partition("?")[0], data=form)
        assert EMAILED in client.get_page(answer.headers["Location"])


@pytest.mark.usefixtures("unreachable")
def test_who_cannot_be_written_to_is_for_reception_to_tell(
    client: CheckedClient, cast: Cast, booked: Appointment
) -> None:
    assert "Tell the patient the reference and send them the link." in book(client, cast)
    assert "tell the patient the new time" in move(client, cast, booked)
    assert "Nothing is sent to the patient now." in cancel(client, booked)


def test_a_change_of_before_says_nothing_of_this_one(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    """They were told of an earlier move; of this one nobody tells them."""
    assert EMAILED in move(client, cast, booked)
    cast.patient.email = cast.patient.phone = ""
    session.add(cast.patient)
    session.commit()
    details = client.submit(f"/desk/appointments/{booked.id}/move", {"slot": choice(cast, 6)})
    answer = client.post(posted_forms(details)[0].get("action") or "", data=fields_of(details))
    assert "tell the patient the new time" in client.get_page(answer.headers["Location"])
