"""What a patient reads out on the phone: random Crockford base32 with a check character.

Crockford base32 (crockford.com/base32.html) leaves out I, L, O and U; the check character is the number modulo 37.
"""

import secrets

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_SYMBOLS = SYMBOLS + "*~$=U"
LENGTH = 8
_LOOK_ALIKES = str.maketrans("OIL", "011")


def make_reference() -> str:
    """A new reference such as "4F7K-9QZ2-H": eight random symbols (40 bits) and the check character."""
    body = "".join(secrets.choice(SYMBOLS) for _ in range(LENGTH))
    # The five extra check symbols are hard to say on the phone: draw again until the check is a plain one.
    while _check_symbol(body) not in SYMBOLS:
        body = "".join(secrets.choice(SYMBOLS) for _ in range(LENGTH))
    return f"{body[:4]}-{body[4:]}-{_check_symbol(body)}"


def parse_reference(text: str) -> str | None:
    """The reference in its stored form, or None where the check fails. Forgives case, dashes, spaces, O, I and L."""
    plain = "".join(c for c in text.upper() if c not in "- ").translate(_LOOK_ALIKES)
    if len(plain) != LENGTH + 1 or any(c not in SYMBOLS for c in plain):
        return None
    body, check = plain[:LENGTH], plain[LENGTH]
    return f"{body[:4]}-{body[4:]}-{check}" if _check_symbol(body) == check else None


def _check_symbol(body: str) -> str:
    number = 0
    for symbol in body:
        number = number * 32 + SYMBOLS.index(symbol)
    return CHECK_SYMBOLS[number % 37]
