"""Registering a patient at the desk, and merging two records."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

from flask import request
from flask_babel import lazy_gettext as _l
from nhs_number import is_valid as is_valid_nhs_number  # type: ignore[attr-defined]
from wtforms import HiddenField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length

from telehealth.accounts.domain.names import query_words
from telehealth.accounts.domain.patient_query import read_query
from telehealth.accounts.forms import TEXT_FILTERS, PageForm, PatientForm
from telehealth.accounts.models import LinkReason
from telehealth.accounts.services.contacts import e164
from telehealth.booking.form_fields import read_key, read_keys

LONGEST_QUERY = 200


def typed_query() -> str:
    """What was typed into the search box."""
    return request.form.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]


class RegisterForm(PatientForm):
    """As in `accounts`; sent twice, it makes one patient."""

    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])

    def not_these(self) -> frozenset[UUID]:
        """The records of which reception has said that they are of somebody else."""
        return read_keys(request.form.getlist("not_these"))

    def fill_from(self, typed: str, today: date) -> None:
        """What was typed into the search box, each part in its field, to be checked by reception."""
        asked = read_query(typed.replace("\x00", "")[:LONGEST_QUERY], today)
        first, last = _names(typed, asked.words)
        self.given_name.data, self.family_name.data = first, last
        born = next((each.on for births in asked.births for each in births), None)
        if born:
            parts = self.birth_date.form
            parts.day.data, parts.month.data, parts.year.data = map(str, (born.day, born.month, born.year))
        self.email.data = next(iter(asked.emails), "")
        for number in asked.numbers:
            if is_valid_nhs_number(number):
                self.nhs_number.data = number
            elif e164(number):
                self.phone.data = number


class SearchForm(PageForm):
    """The search for the other record of a person."""

    q = StringField(
        _l("Name, date of birth, NHS number or phone"),
        filters=TEXT_FILTERS,
        validators=[DataRequired(_l("Enter a name, a date of birth, an NHS number or a phone number"))],
    )


class MergeForm(PageForm):
    """Which of two records is kept, and why there were two."""

    keep = RadioField(
        _l("Which record should be kept?"),
        validate_choice=False,
        validators=[InputRequired(_l("Choose which record to keep"))],
        choices=[],
    )
    reason = RadioField(
        _l("Why are there two records?"),
        choices=[
            SelectChoice(LinkReason.REGISTERED_TWICE.value, _l("The patient was registered twice")),
            SelectChoice(LinkReason.CHANGED_NAME.value, _l("The patient changed their name")),
            SelectChoice(
                LinkReason.REGISTERED_ONLINE.value, _l("The patient asked for an appointment online")
            ),
        ],
        validators=[InputRequired(_l("Choose why there are two records"))],
    )

    def kept(self) -> UUID | None:
        return read_key(self.keep.data)


def _names(typed: str, words: Sequence[str]) -> tuple[str, str]:
    """The first and the last name as they were written; before a comma stands the last name."""
    pieces = [
        piece for piece in typed.split() if query_words(piece) and set(query_words(piece)) <= set(words)
    ]
    names = [piece if piece != piece.lower() else piece.title() for piece in pieces]
    if not names:
        return "", ""
    if names[0].endswith(","):
        return " ".join(names[1:]), names[0].rstrip(",")
    return names[0].rstrip(","), " ".join(names[1:])
