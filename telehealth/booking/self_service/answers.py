"""What a patient has typed so far: carried from page to page, and shown before it is booked."""

from flask import request
from flask_babel import gettext

from telehealth.accounts.domain.nhs_number import format_nhs_number
from telehealth.accounts.models import Patient
from telehealth.accounts.presenters import phone_text
from telehealth.accounts.services.patients import PatientDetails
from telehealth.booking.self_service.forms import (
    AskingForm,
    OwnBookingForm,
    patients_joins_text,
    read_joins,
    read_language,
)
from telehealth.clock import uk_today
from telehealth.dates import short_date_text

AnyForm = OwnBookingForm | AskingForm
# The names of what a person types; the rest of a form are keys and choices.
_TYPED = (
    "patient",
    "given_name",
    "family_name",
    "birth_date-day",
    "birth_date-month",
    "birth_date-year",
    "nhs_number",
    "phone",
    "email",
    "reason",
    "needs_interpreter",
    "interpreter_language",
    "interpreter_joins",
)


def typed_values() -> dict[str, str]:
    """What was typed goes along in hidden fields, as it was typed; empty where nothing was."""
    return {name: request.form[name] for name in _TYPED if request.form.get(name)}


def answers(form: AnyForm, people: list[Patient]) -> list[dict[str, str]]:
    """What was typed, as the check page shows it."""
    rows: list[dict[str, str]] = []
    if isinstance(form, OwnBookingForm):
        name = next(person.display_name for person in people if person.id == form.patient_id())
        rows.append({"key": gettext("Who it is for"), "value": name})
    else:
        rows += _personal_answers(form.details(uk_today()))
    rows.append({"key": gettext("What it is about"), "value": form.reason.data or gettext("Not said")})
    language, joins = read_language(form), read_joins(form)
    rows.append(
        {
            "key": gettext("Interpreter"),
            "value": f"{language}. {patients_joins_text(joins)}" if joins else gettext("Not needed"),
        }
    )
    return rows


def _personal_answers(who: PatientDetails | None) -> list[dict[str, str]]:
    if who is None:
        return []
    return [
        {"key": gettext("Name"), "value": f"{who.given_name} {who.family_name}"},
        {"key": gettext("Date of birth"), "value": short_date_text(who.birth_date)},
        {
            "key": gettext("NHS number"),
            "value": format_nhs_number(who.nhs_number) if who.nhs_number else gettext("Not given"),
        },
        {
            "key": gettext("Phone number"),
            "value": phone_text(who.phone) if who.phone else gettext("Not given"),
        },
        {"key": gettext("Email address"), "value": who.email or gettext("Not given")},
    ]
