"""Booking and cancelling, as typed by reception."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from telehealth.accounts.forms import TEXT_FILTERS, PageForm
from telehealth.booking.domain.slots import Slot


def slot_value(slot: Slot) -> str:
    """A slot as the value of a radio button: the schedule's key and the start in UTC."""
    return f"{slot.schedule_id}/{slot.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_slot(value: str | None) -> tuple[UUID, datetime] | None:
    """The (schedule, start) behind a radio button's value, or None."""
    schedule, _, start = (value or "").partition("/")
    try:
        return UUID(schedule), datetime.strptime(start, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


class BookingForm(PageForm):
    # The times on offer change from second to second: the service checks the choice, not the form.
    slot = RadioField(
        _l("When?"), validate_choice=False, validators=[InputRequired(_l("Choose a time"))], choices=[]
    )
    reason = TextAreaField(
        _l("What is it about? (optional)"),
        filters=TEXT_FILTERS,
        validators=[Length(max=500, message=_l("Shorten the reason to 500 characters or fewer"))],
    )
    is_confidential = BooleanField(_l("Confidential: nothing about it goes to a parent or carer"))
    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])


class CancelForm(PageForm):
    reason = StringField(
        _l("Why is it cancelled?"),
        filters=TEXT_FILTERS,
        validators=[InputRequired(_l("Enter why the appointment is cancelled")), Length(max=500)],
    )
    version = IntegerField(validators=[InputRequired()])
