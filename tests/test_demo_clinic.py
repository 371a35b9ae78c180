"""The demo's clinic is around the time of its start, whatever minute that is."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.booking.domain.appointment import JoinWindow, join_window
from telehealth.booking.models import Appointment
from telehealth.clock import now
from telehealth.demo import cast
from telehealth.demo.data import make_demo

pytestmark = pytest.mark.service


@pytest.mark.parametrize("minute", [0, 2, 9, 12, 29, 30, 58, 59])
def test_the_first_of_the_cast_can_join_at_once(session: Session, minute: int) -> None:
    started = now().replace(minute=minute)
    make_demo(session, "only for the demo 4711", started)
    first = next(iter(cast.PATIENTS))
    appointment = session.scalars(
        select(Appointment)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(Patient.nhs_number == first.nhs_number)
    ).one()
    assert appointment.starts_at <= started
    for later in (timedelta(), timedelta(minutes=30)):
        window = join_window(appointment.starts_at, appointment.ends_at, started + later)
        assert window is JoinWindow.OPEN
