"""Fields that the forms of schedules share: dates, times of the day, numbers and choices."""

from collections.abc import Iterable
from datetime import date, time
from typing import Any, TypeVar
from uuid import UUID

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import Field, SelectMultipleField, StringField

from telehealth.accounts.domain.typed_date import read_typed_date
from telehealth.accounts.forms import TEXT_FILTERS, DateField, set_error
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.wall_time import parse_wall_time
from telehealth.errors import InvalidInput

Choice = TypeVar("Choice")


def text(label: object, **kwargs: Any) -> StringField:
    """One line of text, without what no database keeps."""
    return StringField(label, filters=TEXT_FILTERS, **kwargs)  # type: ignore[arg-type]


def checkboxes(label: object) -> SelectMultipleField:
    """Several of many; the service decides what may be chosen, not the form."""
    return SelectMultipleField(label, validate_choice=False, choices=[])  # type: ignore[arg-type]


def read_date(field: DateField, missing: str = "") -> date | None:
    """The date in three fields; None where there is none, with an error on the field unless that is allowed.

    `missing`: what to say where nothing is typed; "": it may be left empty.
    """
    typed = field.form.typed()
    if not any(typed):
        if missing:
            set_error(field, missing)
        return None
    try:
        found = read_typed_date(*typed)
        if found.year < 1900:
            raise ValueError
    except ValueError:
        set_error(field, gettext("Enter a real date with day, month and year, for example 12 1 2027"))
        return None
    return found


def fill_date(field: DateField, value: date | None) -> None:
    if value is not None:
        parts = field.form
        parts.day.data, parts.month.data, parts.year.data = str(value.day), str(value.month), str(value.year)


def read_time(field: StringField, missing: str) -> time | None:
    """The time of the day in a field; None with an error on it."""
    found = parse_wall_time(field.data or "")
    if found is None:
        field.errors = [gettext("Enter a time, for example 9am, 9:30am or 14:30") if field.data else missing]
    return found


def read_number(field: StringField, most: int = 10**6) -> int | None:
    """A whole number from 0 to `most`; None with an error on the field."""
    typed = field.data or ""
    if typed.isascii() and typed.isdigit() and len(typed) <= 9 and int(typed) <= most:
        return int(typed)
    field.errors = [gettext("Enter a whole number, for example 15")]
    return None


def read_modes(field: SelectMultipleField) -> frozenset[Mode]:
    """The ways of meeting that are ticked; what is none of ours is left out."""
    known = {mode.value: mode for mode in Mode}
    return frozenset(known[value] for value in field.data or [] if value in known)


def read_key(value: str | None) -> UUID | None:
    try:
        return UUID(value or "")
    except ValueError:
        return None


def read_keys(values: Iterable[str] | None) -> frozenset[UUID]:
    return frozenset(key for key in map(read_key, values or []) if key is not None)


def show_refusal(form: Any, error: InvalidInput, message: str) -> None:
    """Put what a service refused beside the field that is to blame, else at the top of the form."""
    field: Field | None = getattr(form, error.field, None) if error.field else None
    if field is None:
        form.form_errors = [*form.form_errors, message]
    else:
        set_error(field, message)


NAME_MISSING = _l("Enter a name")
