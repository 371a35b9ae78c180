"""What reception takes down about contacts, protection and carers."""

from datetime import date, time

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TelField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length, StopValidation, ValidationError

from telehealth.accounts.domain.typed_date import read_typed_date
from telehealth.accounts.forms import TEXT_FILTERS, DateField, PageForm, read_birth_date, set_error
from telehealth.accounts.models import Basis, ContactKind, Verification
from telehealth.accounts.services.authorities import CarerDetails
from telehealth.accounts.services.contacts import e164, normal_email_or_none
from telehealth.accounts.services.protection import SafeWays

BASES = (
    SelectChoice(Basis.PARENTAL_RESPONSIBILITY.value, _l("Parental responsibility")),
    SelectChoice(Basis.POWER_OF_ATTORNEY.value, _l("Lasting power of attorney")),
    SelectChoice(Basis.COURT_APPOINTED.value, _l("Appointed by a court")),
    SelectChoice(Basis.PATIENT_CONSENT.value, _l("The patient has agreed")),
)


class ContactForm(PageForm):
    """A new phone number or e-mail."""

    kind = RadioField(
        _l("What has changed?"),
        choices=[
            SelectChoice(ContactKind.PHONE.value, _l("Phone number")),
            SelectChoice(ContactKind.EMAIL.value, _l("Email address")),
        ],
        validators=[InputRequired(_l("Choose what has changed"))],
    )
    value = StringField(_l("The new phone number or email address"), filters=TEXT_FILTERS)
    has_none = BooleanField(_l("There is none any more"))

    def wanted(self) -> tuple[ContactKind, str] | None:
        """Kind and normal value ("": none any more), or None with the errors set."""
        if not self.validate_on_submit():
            return None
        kind = ContactKind(self.kind.data)
        if self.has_none.data and not self.value.data:
            return kind, ""
        typed = self.value.data or ""
        value = e164(typed) if kind is ContactKind.PHONE else normal_email_or_none(typed)
        if not value:
            self.value.errors = [
                _l("Enter a phone number, for example 07700 900123")
                if kind is ContactKind.PHONE
                else _l("Enter an email address, for example name@example.com")
            ]
            return None
        return kind, value


class VerifyForm(PageForm):
    """How reception made sure that the new contact is the patient's."""

    verification = RadioField(
        _l("How did you make sure that it is the patient’s?"),
        choices=[
            SelectChoice(Verification.CODE.value, _l("The patient read out the code from the new contact")),
            SelectChoice(
                Verification.CALLED_OLD_NUMBER.value,
                _l("I called the old number and the patient confirmed it"),
            ),
            SelectChoice(
                Verification.SEEN_IN_PERSON.value, _l("The patient is here, and I checked who they are")
            ),
        ],
        validators=[InputRequired(_l("Choose how you made sure"))],
    )
    code = StringField(_l("The code"), filters=TEXT_FILTERS, validators=[Length(max=20)])


class ProtectionForm(PageForm):
    is_phone_safe = BooleanField(_l("It is safe to phone or text the patient"))
    is_email_safe = BooleanField(_l("It is safe to email the patient"))
    safe_from = StringField(_l("Safe from (optional)"), filters=TEXT_FILTERS)
    safe_until = StringField(_l("Safe until (optional)"), filters=TEXT_FILTERS)

    def ways(self) -> SafeWays | None:
        """What was typed, or None with the errors set."""
        if not self.validate_on_submit():
            return None
        hours = []
        for field in (self.safe_from, self.safe_until):
            try:
                hours.append(time.fromisoformat(field.data) if field.data else None)
            except ValueError:
                field.errors = [_l("Enter a time, for example 09:30")]
                return None
        return SafeWays(
            is_phone_safe=self.is_phone_safe.data,
            is_email_safe=self.is_email_safe.data,
            safe_from=hours[0],
            safe_until=hours[1],
        )


class CarerForm(PageForm):
    """Somebody who may act for a patient."""

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
    birth_date = DateField(_l("Date of birth of this person"))
    relationship_text = StringField(
        _l("Who they are to the patient"),
        filters=TEXT_FILTERS,
        validators=[
            DataRequired(_l("Enter who they are to the patient, for example mother")),
            Length(max=60),
        ],
    )
    basis = SelectField(_l("What lets them act for the patient?"), choices=BASES)
    valid_from = DateField(_l("From which day?"))
    valid_until = DateField(_l("Until which day? (optional)"))
    phone = TelField(_l("Mobile phone number (optional)"), filters=TEXT_FILTERS)
    email = EmailField(_l("Email address (optional)"), filters=TEXT_FILTERS)

    def validate_phone(self, field: TelField) -> None:
        if field.data and e164(field.data) is None:
            raise ValidationError(str(_l("Enter a phone number, for example 07700 900123")))

    def validate_email(self, field: EmailField) -> None:
        if field.data and normal_email_or_none(field.data) is None:
            raise ValidationError(str(_l("Enter an email address, for example name@example.com")))

    def details(self, today: date) -> CarerDetails | None:
        """What was typed, or None with the errors set."""
        is_valid = self.validate_on_submit()
        try:
            born = read_birth_date(self.birth_date, today)
        except StopValidation as problem:
            set_error(self.birth_date, str(problem))
            return None
        try:
            first, last = read_day(self.valid_from) or today, read_day(self.valid_until)
        except StopValidation as problem:
            set_error(self.valid_from if _is_wrong(self.valid_from) else self.valid_until, str(problem))
            return None
        if not is_valid:
            return None
        return CarerDetails(
            given_name=self.given_name.data or "",
            family_name=self.family_name.data or "",
            birth_date=born,
            phone=e164(self.phone.data) if self.phone.data else None,
            email=normal_email_or_none(self.email.data) if self.email.data else None,
            relationship_text=self.relationship_text.data or "",
            basis=Basis(self.basis.data),
            valid_from=first,
            valid_until=last,
        )


class RevokeForm(PageForm):
    reason = StringField(
        _l("Why may they not act any more?"),
        filters=TEXT_FILTERS,
        validators=[
            InputRequired(_l("Enter why this person may not act any more")),
            Length(max=500, message=_l("Shorten the reason to 500 characters or fewer")),
        ],
    )


class ConfidentialForm(PageForm):
    is_confidential = HiddenField()
    version = IntegerField(validators=[InputRequired()])


def read_day(field: DateField) -> date | None:
    """The day in a field; None where all of it is empty. Raises StopValidation with what to do about it."""
    typed = field.form.typed()
    if not any(typed):
        return None
    try:
        found = read_typed_date(*typed)
        if found.year < 1900:
            raise ValueError
    except ValueError:
        raise StopValidation(str(_l("Enter a real date, for example 31 3 2027"))) from None
    return found


def _is_wrong(field: DateField) -> bool:
    try:
        read_day(field)
    except StopValidation:
        return True
    return False
