"""The NHS number's written form: shown 3-3-4, spaces and dashes allowed when typed."""


def plain_nhs_number(text: str) -> str:
    """The typed number without spaces and dashes (of any kind that phones and word processors make)."""
    return "".join(c for c in text if not c.isspace() and c not in "-\u2010\u2011\u2012\u2013\u2014")


def format_nhs_number(number: str) -> str:
    """Ten digits as "999 123 4567"."""
    return f"{number[:3]} {number[3:6]} {number[6:]}"
