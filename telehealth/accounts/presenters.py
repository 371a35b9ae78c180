"""People's details as pages show them."""

from flask_babel import gettext
from phonenumbers import PhoneNumberFormat, format_number, parse


def phone_text(number: str | None) -> str:
    """A stored number as people here write it: "07700 900123", foreign ones with their country code."""
    if not number:
        return gettext("not known")
    parsed = parse(number)
    is_british = parsed.country_code == 44
    return format_number(
        parsed, PhoneNumberFormat.NATIONAL if is_british else PhoneNumberFormat.INTERNATIONAL
    )
