"""Phone numbers and e-mail addresses of patients: how they are written, stored, and found again."""

from enum import Enum

from email_validator import EmailNotValidError, validate_email
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    national_significant_number,
    parse,
)
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.sealing import hash_contact


class Unchanged(Enum):
    """Stands for "leave it as it is"; None would be "has none any more"."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED
BRITISH = 44
BRITISH_MOBILE, SHORTEST_BRITISH = 10, 9


def e164(text: str) -> str | None:
    """A typed phone number (British where no country is given) as "+447700900123", or None."""
    try:
        number = parse(text, "GB")
    except NumberParseException:
        return None
    # "Possible", not "valid": the ranges kept for drama and tests are not assigned.
    if is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE or _lacks_digits(number):
        return None
    return format_number(number, PhoneNumberFormat.E164)


def _lacks_digits(number: PhoneNumber) -> bool:
    """British numbers of people have ten digits after the 0, in a few places nine; shorter ones are services'."""
    digits = national_significant_number(number)
    least = BRITISH_MOBILE if digits.startswith("7") else SHORTEST_BRITISH
    # Where digits are missing the leading 0 may be taken for one of the number's own.
    return number.country_code == BRITISH and (len(digits) < least or digits.startswith("0"))


def normal_email_or_none(text: str) -> str | None:
    """A typed address in its normal form, or None where it cannot be one."""
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return None


def set_contact(
    session: Session,
    patient: Patient,
    *,
    phone: str | Unchanged | None = UNCHANGED,
    email: str | Unchanged | None = UNCHANGED,
) -> None:
    """Seal a phone number (E.164) and an e-mail, with the hashes by which they are found; None or "": has none.

    Checks nothing and records nothing: that is for the use case, which knows who asked and what was verified.
    """
    if not isinstance(phone, Unchanged):
        patient.phone = phone
        patient.phone_hash = hash_of_phone(session, phone) if phone else None
        patient.phone_last_four_hash = hash_of_last_four(session, phone[-4:]) if phone else None
    if not isinstance(email, Unchanged):
        patient.email = email
        patient.email_hash = hash_of_email(session, email) if email else None


def hash_of_phone(session: Session, phone: str) -> bytes:
    """Of a number in E.164."""
    return hash_contact(session, "phone", phone)


def hash_of_last_four(session: Session, digits: str) -> bytes:
    return hash_contact(session, "last-four", digits)


def hash_of_email(session: Session, email: str) -> bytes:
    """Upper and lower case are one address."""
    return hash_contact(session, "email", email)
