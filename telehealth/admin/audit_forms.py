"""What an administrator looks for in the audit trail."""

from datetime import date, datetime
from uuid import UUID

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import Length

from telehealth.accounts.domain.typed_date import read_typed_date
from telehealth.accounts.forms import TEXT_FILTERS, DateField, PageForm, set_error
from telehealth.audit.domain.actions import Group
from telehealth.audit.models import EventOutcome
from telehealth.audit.services.search import Place
from telehealth.dates import short_date_text

FIRST_YEAR = 2000


class AuditForm(PageForm):
    """Every field may stay empty. They are always sent, never in an address: they hold names."""

    who = StringField(
        _l("Member of staff"),
        filters=TEXT_FILTERS,
        validators=[Length(max=254, message=_l("Enter 254 characters or fewer"))],
    )
    patient = StringField(
        _l("Patient"),
        filters=TEXT_FILTERS,
        validators=[Length(max=200, message=_l("Enter 200 characters or fewer"))],
    )
    # The patient that was chosen, and for which words: other words need another choice.
    patient_id = HiddenField()
    patient_for = HiddenField()
    group = SelectField(_l("What was done"))
    outcome = SelectField(_l("How it ended"))
    service = SelectField(_l("Service"))
    first_day = DateField(_l("From"))
    last_day = DateField(_l("Until"))
    # Where the page before ended.
    before = HiddenField()

    def offer(self, services: list[tuple[str, str]]) -> None:
        """Fill in the choices, with these services (key and name)."""
        self.group.choices = [
            ("", gettext("Anything")),
            (Group.OPENED.value, gettext("Opened patient data")),
            (Group.CHANGED.value, gettext("Changed patient data")),
            (Group.SIGN_IN.value, gettext("Signed in or out")),
            (Group.REFUSED.value, gettext("Was refused")),
            (Group.SAFETY.value, gettext("Contacts, protection and carers")),
            (Group.SETTINGS.value, gettext("Accounts and settings")),
            (Group.AUDIT.value, gettext("Read or exported the audit trail")),
        ]
        self.outcome.choices = [
            ("", gettext("Any way")),
            (EventOutcome.DONE.value, gettext("Done")),
            (EventOutcome.REFUSED.value, gettext("Refused")),
        ]
        self.service.choices = [("", gettext("Any service")), *services]

    def days(self) -> tuple[date | None, date | None] | None:
        """The first and the last day; None with the fields' errors set where they are none."""
        first, first_problem = _read_day(self.first_day)
        last, last_problem = _read_day(self.last_day)
        if not last_problem and first and last and last < first:
            last_problem = gettext("The last day must not be before the first")
        for field, problem in ((self.first_day, first_problem), (self.last_day, last_problem)):
            if problem:
                set_error(field, problem)
        return None if first_problem or last_problem else (first, last)

    def chosen_patient(self) -> UUID | None:
        if self.patient_for.data != self.patient.data:
            return None
        return _uuid_in(self.patient_id.data)

    def chosen_service(self) -> UUID | None:
        return _uuid_in(self.service.data)

    def place(self) -> Place | None:
        """Where to go on; None for the first page, and for anything that this page did not write."""
        instant, _, key = (self.before.data or "").partition("/")
        event_id = _uuid_in(key)
        try:
            recorded_at = datetime.fromisoformat(instant)
        except ValueError:
            return None
        return Place(recorded_at, event_id) if event_id and recorded_at.tzinfo else None

    def carried(self, *but: str) -> list[tuple[str, str]]:
        """What was typed, for the hidden fields of a form that asks for more of it."""
        texts: dict[str, str | None] = {
            field.name: field.data
            for field in self
            if field.name not in ("csrf_token", "first_day", "last_day")
        }
        for day in (self.first_day, self.last_day):
            texts.update({part.name: part.data for part in day.form})
        return [(name, text or "") for name, text in texts.items() if name not in but]

    def summary(self) -> list[tuple[str, str]]:
        """The questions that were answered, with their answers in words."""
        answers = [(field.label.text, field.data or "") for field in (self.who, self.patient)]
        for chosen in (self.service, self.group, self.outcome):
            labels = [label for _, label, is_chosen, _ in chosen.iter_choices() if is_chosen]
            answers.append((chosen.label.text, labels[0] if chosen.data and labels else ""))
        for day in (self.first_day, self.last_day):
            found, _ = _read_day(day)
            answers.append((day.label.text, short_date_text(found) if found else ""))
        return [(str(question), str(answer)) for question, answer in answers if answer]


def place_text(place: Place | None) -> str:
    """As the field `before` carries it; "" on the last page."""
    return f"{place.recorded_at.isoformat()}/{place.event_id}" if place else ""


def _read_day(field: DateField) -> tuple[date | None, str]:
    """The typed day, if any, and what is wrong with it."""
    typed = field.form.typed()
    if not any(typed):
        return None, ""
    try:
        found = read_typed_date(*typed)
    except ValueError:
        return None, gettext("Enter a real date, for example 12 1 2027")
    if not FIRST_YEAR <= found.year < 9999:
        return None, gettext("Enter the year with four digits, for example 2027")
    return found, ""


def _uuid_in(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
