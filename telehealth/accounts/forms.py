"""Sign-in, and the details of a patient."""

from datetime import date
from enum import Enum
from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from nhs_number import is_valid as is_valid_nhs_number  # type: ignore[attr-defined]
from wtforms import EmailField, Form, FormField, StringField, TelField
from wtforms.validators import DataRequired, Length, StopValidation, ValidationError

from telehealth.accounts.domain.nhs_number import plain_nhs_number
from telehealth.accounts.domain.typed_date import read_typed_date
from telehealth.accounts.services.contacts import e164, normal_email_or_none
from telehealth.accounts.services.patients import PatientDetails
from telehealth.errors import N_

OLDEST_BIRTH_YEAR = 1890


def without_outer_space(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def without_nul(value: object) -> object:
    """PostgreSQL's text has no NUL character."""
    return value.replace("\x00", "") if isinstance(value, str) else value


TEXT_FILTERS = (without_nul, without_outer_space)


_OWN_WORDS = {
    "This field is required.": N_("Fill this in"),
    "Not a valid choice.": N_("Choose one of the options"),
    "Not a valid integer value.": N_("Reload the page, then try again"),
    "Field cannot be longer than %(max)d characters.": N_("Enter %(max)d characters or fewer"),
}


class FormTexts:
    """What WTForms says where a field has no words of its own: in our words, and in the language of the page."""

    def gettext(self, text: str) -> str:
        return gettext(_OWN_WORDS.get(text, text))

    def ngettext(self, _singular: str, plural: str, _number: int) -> str:
        return self.gettext(plural)


class PageForm(FlaskForm):  # type: ignore[misc]
    """A form of a page: read from form fields alone. Flask-WTF would take any JSON for fields, and fail on some."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def get_translations(self, _form: object) -> FormTexts:
            return FormTexts()

    def __init__(self) -> None:
        super().__init__(formdata=request.form if self.is_submitted() else None)


class DatePartsForm(Form):
    """Day, month and year in three fields, as the NHS design system asks."""

    # Text, not numbers: what cannot be a number is shown again as it was typed.
    day = StringField(_l("Day"), filters=TEXT_FILTERS)
    month = StringField(_l("Month"), filters=TEXT_FILTERS)
    year = StringField(_l("Year"), filters=TEXT_FILTERS)

    def typed(self) -> tuple[str, str, str]:
        return self.day.data or "", self.month.data or "", self.year.data or ""


class DateField(FormField):  # type: ignore[type-arg]
    """A date typed in three parts; `read_birth_date` makes it one."""

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        super().__init__(DatePartsForm, label, separator="-", **kwargs)


class Whose(Enum):
    """Whose details are typed: what is wrong with them is said to who types."""

    SOMEBODYS = "somebody's"  # a patient's, by staff
    YOURS = "yours"
    THEIRS = "theirs"  # by who acts for them


_BIRTH_DATE_WORDS = {
    Whose.SOMEBODYS: (
        _l("Enter the date of birth"),
        _l("The date of birth must include a day, a month and a year"),
        _l("The date of birth must be a real date, for example 5 3 1948"),
        _l("The date of birth must be in the past"),
        _l("Enter the year of birth with four digits, for example 1948"),
    ),
    Whose.YOURS: (
        _l("Enter your date of birth"),
        _l("Your date of birth must include a day, a month and a year"),
        _l("Your date of birth must be a real date, for example 5 3 1948"),
        _l("Your date of birth must be in the past"),
        _l("Enter your year of birth with four digits, for example 1948"),
    ),
    Whose.THEIRS: (
        _l("Enter their date of birth"),
        _l("Their date of birth must include a day, a month and a year"),
        _l("Their date of birth must be a real date, for example 5 3 1948"),
        _l("Their date of birth must be in the past"),
        _l("Enter their year of birth with four digits, for example 1948"),
    ),
}


def read_birth_date(field: DateField, today: date, whose: Whose = Whose.SOMEBODYS) -> date:
    """The date in a field. Raises StopValidation with what to do about it."""
    missing, incomplete, unreal, future, short = map(str, _BIRTH_DATE_WORDS[whose])
    typed = field.form.typed()
    if not any(typed):
        raise StopValidation(missing)
    if not all(typed):
        raise StopValidation(incomplete)
    try:
        born = read_typed_date(*typed)
    except ValueError:
        raise StopValidation(unreal) from None
    if born > today:
        raise StopValidation(future)
    if born.year < OLDEST_BIRTH_YEAR:
        raise StopValidation(short)
    return born


class BirthDateForm(PageForm):
    """Proof that the person at the link is the patient."""

    birth_date = DateField(_l("What is your date of birth?"))
    whose = Whose.YOURS

    def ask_carer(self) -> None:
        """Whoever comes for the patient gives the patient's."""
        self.whose = Whose.THEIRS
        self.birth_date.label.text = gettext("What is their date of birth?")

    def born(self, today: date) -> date | None:
        """The typed date, or None with the field's error set."""
        try:
            return read_birth_date(self.birth_date, today, self.whose)
        except StopValidation as problem:
            set_error(self.birth_date, str(problem))
            return None


def set_error(field: Any, message: str) -> None:
    """Put one message beside a field (a FormField's own `errors` cannot be set)."""
    if isinstance(field, DateField):
        field.form.day.errors = [message]
    else:
        field.errors = [message]


class PatientForm(PageForm):
    """What is taken down about a patient: by reception, or by themselves."""

    whose = Whose.SOMEBODYS

    given_name = StringField(
        _l("First name"),
        filters=TEXT_FILTERS,
        validators=[DataRequired(_l("Enter the first name")), Length(max=100)],
    )
    family_name = StringField(
        _l("Last name"),
        filters=TEXT_FILTERS,
        validators=[DataRequired(_l("Enter the last name")), Length(max=100)],
    )
    birth_date = DateField(_l("Date of birth"))
    nhs_number = StringField(_l("NHS number (optional)"), filters=TEXT_FILTERS)
    phone = TelField(_l("Mobile phone number (optional)"), filters=TEXT_FILTERS)
    email = EmailField(_l("Email address (optional)"), filters=TEXT_FILTERS)

    def validate_nhs_number(self, field: StringField) -> None:
        number = plain_nhs_number(field.data or "")
        if number and not (len(number) == 10 and number.isascii() and number.isdigit()):
            raise ValidationError(str(_l("The NHS number must have 10 digits, for example 999 123 4560")))
        if number and not is_valid_nhs_number(number):
            raise ValidationError(str(_l("Check the NHS number: at least one of its digits is wrong")))

    def validate_phone(self, field: TelField) -> None:
        if field.data and e164(field.data) is None:
            raise ValidationError(str(_l("Enter a phone number, for example 07700 900123")))

    def validate_email(self, field: EmailField) -> None:
        if field.data and normal_email_or_none(field.data) is None:
            raise ValidationError(str(_l("Enter an email address, for example name@example.com")))

    def details(self, today: date) -> PatientDetails | None:
        """What was typed, checked; None with the errors set where something is wrong."""
        is_valid = self.validate_on_submit()
        try:
            born = read_birth_date(self.birth_date, today, self.whose)
        except StopValidation as problem:
            set_error(self.birth_date, str(problem))
            return None
        if not is_valid:
            return None
        return PatientDetails(
            given_name=self.given_name.data or "",
            family_name=self.family_name.data or "",
            birth_date=born,
            nhs_number=plain_nhs_number(self.nhs_number.data or "") or None,
            phone=e164(self.phone.data) if self.phone.data else None,
            email=normal_email_or_none(self.email.data) if self.email.data else None,
        )
