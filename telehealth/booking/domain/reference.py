"""What a patient reads out on the phone: random Crockford base32 with a check character.

Crockford base32 (crockford.com/base32.html) leaves out I, L, O and U; the check character is the number modulo 37.
"""

import re
import secrets
import unicodedata

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_SYMBOLS = SYMBOLS + "*~$=U"
LENGTH = 8
# How it is written down: "Ref: 4F7K…", "Appointment reference no. 4F7K…", "#4F7K…".
_INTRODUCTION = re.compile(r"^\W*(?:APPOINTMENT\s+)?REF(?:ERENCE)?\b(?:\W*(?:NO|NUMBER)\b)?", re.IGNORECASE)
_LOOK_ALIKES = str.maketrans("OIL", "011")


def make_reference() -> str:
    """A new reference such as "4F7K-9QZ2-H": eight random symbols (40 bits) and the check character."""
    body = "".join(secrets.choice(SYMBOLS) for _ in range(LENGTH))
    # The five extra check symbols are hard to say on the phone: draw again until the check is a plain one.
    while _check_symbol(body) not in SYMBOLS:
        body = "".join(secrets.choice(SYMBOLS) for _ in range(LENGTH))
    return f"{body[:4]}-{body[4:]}-{_check_symbol(body)}"


def parse_reference(text: str) -> str | None:
    """The reference in its stored form, or None where the check fails.

    Forgives case, every kind of dash, space and mark, O, I and L, and "ref" before it.
    """
    typed = unicodedata.normalize("NFKC", text)
    return _read(typed) or _read(_INTRODUCTION.sub("", typed))


def _read(text: str) -> str | None:
    plain = "".join(c for c in text.upper() if c.isalnum()).translate(_LOOK_ALIKES)
    if len(plain) != LENGTH + 1 or any(c not in SYMBOLS for c in plain):
        return None
    body, check = plain[:LENGTH], plain[LENGTH]
    return f"{body[:4]}-{body[4:]}-{check}" if _check_symbol(body) == check else None


def _check_symbol(body: str) -> str:
    number = 0
    for symbol in body:
        number = number * 32 + SYMBOLS.index(symbol)
    return CHECK_SYMBOLS[number % 37]
