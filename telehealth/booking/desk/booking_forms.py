"""What reception types to book, move, cancel and mark appointments."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length

from telehealth.accounts.forms import TEXT_FILTERS, DateField, PageForm
from telehealth.booking.code_texts import cancel_reason_text, joins_text
from telehealth.booking.desk.booking_presenters import request_text
from telehealth.booking.domain.appointment import CancelReason
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.form_fields import read_date, read_key, read_time
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.follow_ups import find_matching

NO_REQUEST = "none"
_TOO_LONG = _l("Shorten it to 500 characters or fewer")


class AboutForm(PageForm):
    """What an appointment is about, and whether an interpreter takes part."""

    reason = TextAreaField(
        _l("What is it about? (optional)"),
        filters=TEXT_FILTERS,
        validators=[Length(max=500, message=_l("Shorten the reason to 500 characters or fewer"))],
    )
    interpreter_language = StringField(
        _l("Interpreter needed? Enter the language, or leave it empty"),
        filters=TEXT_FILTERS,
        validators=[Length(max=80, message=_l("Shorten the language to 80 characters or fewer"))],
    )
    interpreter_joins = RadioField(_l("How does the interpreter join?"), validate_choice=False, choices=[])

    def fill_joins(self) -> None:
        self.interpreter_joins.choices = [(each.value, joins_text(each)) for each in InterpreterJoins]

    def is_complete(self) -> bool:
        """Whether it can be saved like this; else errors stand beside the fields."""
        is_valid = self.validate_on_submit()
        if self.interpreter_language.data and self.joins() is None:
            self.interpreter_joins.errors = [gettext("Choose how the interpreter joins")]
            return False
        return bool(is_valid)

    def joins(self) -> InterpreterJoins | None:
        return next((each for each in InterpreterJoins if each.value == self.interpreter_joins.data), None)


class DetailsForm(AboutForm):
    """What a booking is about. Used by booking, overbooking and series."""

    is_confidential = BooleanField(_l("Confidential: nothing about it goes to a parent or carer"))
    follow_up = RadioField(_l("Is it for one of these requests?"), validate_choice=False, choices=[])
    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])

    def fill_choices(self, requests: Sequence[FollowUpRequest] = ()) -> None:
        self.fill_joins()
        if requests:
            self.follow_up.choices = [
                *((str(each.id), request_text(each)) for each in requests),
                (NO_REQUEST, gettext("No, for something else")),
            ]

    def offer(
        self,
        language: str,
        requests: Sequence[FollowUpRequest],
        named: UUID | None,
        type_id: UUID | None = None,
    ) -> None:
        """What is known already, on a fresh form: the patient's `language`, and the request that is to be booked.

        Without a named one that which a booking of this type would end: so it is seen, and can be changed.
        """
        wanted = next((each for each in requests if each.id == named), None) or find_matching(
            requests, type_id
        )
        joins = wanted.interpreter_joins if wanted else None
        self.interpreter_language.data = (wanted.interpreter_language if wanted else "") or language
        self.interpreter_joins.data = joins.value if joins else None
        self.follow_up.data = str(wanted.id) if wanted else None

    def typed(self) -> dict[str, str]:
        """What would be lost by choosing another time: kept in hidden fields of the page with the times."""
        found = {
            "reason": self.reason.data,
            "interpreter_language": self.interpreter_language.data,
            "interpreter_joins": self.interpreter_joins.data,
            "is_confidential": "y" if self.is_confidential.data else "",
            "follow_up": self.follow_up.data,
        }
        return {name: str(value) for name, value in found.items() if value}

    def is_blank(self) -> bool:
        """Nothing was typed. What it is for is part of the search, and stands in its address."""
        return not self.typed().keys() - {"follow_up"}

    def follow_up_id(self) -> UUID | None:
        return read_key(self.follow_up.data)

    def is_for_no_request(self) -> bool:
        return bool(self.follow_up.data == NO_REQUEST)


class ChangeForm(AboutForm):
    version = IntegerField(validators=[InputRequired()])

    def show(self, appointment: Appointment) -> None:
        """What it is now, on a fresh form."""
        joins = appointment.interpreter_joins
        self.reason.data = appointment.reason
        self.interpreter_language.data = appointment.interpreter_language
        self.interpreter_joins.data = joins.value if joins else None


class MoveForm(PageForm):
    note = StringField(
        _l("Why is it moved? (optional)"),
        filters=TEXT_FILTERS,
        validators=[Length(max=500, message=_TOO_LONG)],
    )
    version = IntegerField(validators=[InputRequired()])
    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])


class CancelForm(PageForm):
    reason = RadioField(_l("Why is it cancelled?"), validate_choice=False, choices=[])
    note = StringField(
        _l("What happened? (optional)"),
        filters=TEXT_FILTERS,
        validators=[Length(max=500, message=_TOO_LONG)],
    )
    version = IntegerField(validators=[InputRequired()])

    def fill_choices(self) -> None:
        self.reason.choices = [(each.value, cancel_reason_text(each)) for each in CancelReason]

    def chosen(self) -> CancelReason | None:
        """None with an error beside the field that is to blame."""
        is_valid = self.validate_on_submit()
        found = next((each for each in CancelReason if each.value == self.reason.data), None)
        if found is None:
            self.reason.errors = [gettext("Choose why the appointment is cancelled")]
        return found if is_valid else None


class VersionForm(PageForm):
    """A button that does one thing with an appointment as the page showed it."""

    version = IntegerField(validators=[InputRequired()])


class OverbookForm(DetailsForm):
    owner = SelectField(_l("With whom?"), validate_choice=False, choices=[])
    type = SelectField(_l("Appointment type"), validate_choice=False, choices=[])
    mode = RadioField(_l("How do they meet?"), validate_choice=False, choices=[])
    day = DateField(_l("On which day?"))
    clock = StringField(_l("At what time?"), filters=TEXT_FILTERS)
    # Shown only where there is no session then.
    is_outside = BooleanField(_l("Book it although there is no session then"))
    note = StringField(
        _l("Why do you book on top of another appointment?"),
        filters=TEXT_FILTERS,
        validators=[Length(max=500, message=_TOO_LONG)],
    )

    def starts_at(self, zone: ZoneInfo) -> datetime | None:
        """The typed time as an instant; None with an error beside the field that is to blame."""
        day = read_date(self.day, gettext("Enter the day"))
        clock = read_time(self.clock, gettext("Enter the time"))
        if day is None or clock is None:
            return None
        try:
            return datetime.combine(day, clock, zone).astimezone(UTC)
        except OverflowError:
            self.clock.errors = [gettext("Choose a time that is still to come.")]
            return None


class SeriesForm(DetailsForm):
    weeks_between = RadioField(_l("How often?"), validate_choice=False, choices=[], default="1")
    count = StringField(_l("How many appointments, from 2 to 26?"), filters=TEXT_FILTERS, default="6")
    dates = SelectMultipleField(_l("Dates to book"), validate_choice=False, choices=[])

    def fill_choices(self, requests: Sequence[FollowUpRequest] = ()) -> None:
        super().fill_choices(requests)
        self.weeks_between.choices = [
            ("1", gettext("Every week")),
            ("2", gettext("Every 2 weeks")),
            ("4", gettext("Every 4 weeks")),
        ]
