"""A language in which every message stands in brackets: what a person reads outside of them was not translated."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

from babel.dates import get_day_names, get_month_names
from babel.support import NullTranslations

from tests.page_checks import parse_page

OPEN, CLOSE = "⟦", "⟧"
READ_ALOUD = ("title", "alt", "aria-label", "placeholder", "aria-description")
BUTTONS = ("submit", "button", "reset")
# Written by Babel in the language of the page, not by gettext.
_CALENDAR = sorted(
    {
        name
        for width in ("wide", "abbreviated")
        for names in (get_day_names(width, locale="en_GB"), get_month_names(width, locale="en_GB"))
        for name in names.values()
    }
    | {"am", "pm"},
    key=len,
    reverse=True,
)
_CALENDAR_WORD = re.compile(rf"(?<![^\W\d_])(?:{'|'.join(map(re.escape, _CALENDAR))})(?![^\W\d_])")
# Keys and addresses: letters in one word with digits or signs that no sentence has.
_MACHINE_WORD = re.compile(
    r"\S*(?:://|@|[0-9a-f]{8}-[0-9a-f]{4})\S*"
    # Recovery codes, and the key of an authenticator app in groups of four.
    r"|\b[0-9a-z]{4}(?:-[0-9a-z]{4}){3}\b"
    r"|\b[A-Z2-7]{4}(?: [A-Z2-7]{4}){3,}\b"
)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_SENTENCE = re.compile(r"[^\W\d_]{2,}\s+[^\W\d_]{2,}")


class PseudoTranslations(NullTranslations):
    """Brackets around every message; its values are put in afterwards, inside of them."""

    def ugettext(self, message: str) -> str:
        return f"{OPEN}{message}{CLOSE}" if message else message

    def ungettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.ugettext(msgid1 if n == 1 else msgid2)

    def upgettext(self, context: str, message: str) -> str:  # noqa: ARG002 - as the base class has it
        return self.ugettext(message)

    def unpgettext(self, context: str, singular: str, plural: str, num: int) -> str:  # noqa: ARG002
        return self.ungettext(singular, plural, num)


def find_untranslated(texts: Iterable[str], data: Iterable[str]) -> list[str]:
    """Which of these texts hold words that are neither in brackets nor data."""
    names = sorted({name for name in data if name}, key=len, reverse=True)
    whole = "|".join(map(re.escape, names))
    known = re.compile(rf"(?<!\w)(?:{whole})(?!\w)", re.IGNORECASE) if names else None
    found = []
    for text in texts:
        rest = outside_of_brackets(text)
        rest = known.sub(" ", rest) if known else rest
        rest = _CALENDAR_WORD.sub(" ", _MACHINE_WORD.sub(" ", rest))
        if _LETTERS.search(rest):
            found.append(" ".join(text.split())[:160])
    return found


def outside_of_brackets(text: str) -> str:
    depth, kept = 0, []
    for letter in text:
        if letter == OPEN:
            depth += 1
        elif letter == CLOSE:
            depth -= 1
        elif depth == 0:
            kept.append(letter)
    return "".join(kept)


def texts_of_page(page: str) -> list[str]:
    """What somebody sees or hears of a page, and what its scripts may show them."""
    if not page.lstrip().lower().startswith("<!doctype"):
        # A fragment, as a live page fetches it.
        page = f"<!DOCTYPE html><html><head><title></title></head><body>{page}</body></html>"
    return list(_texts(parse_page(page)))


def _texts(element: Element) -> Iterator[str]:
    if not isinstance(element.tag, str) or element.tag in ("style", "svg"):
        return
    if element.tag == "script":
        if element.get("type") == "application/json":
            yield from sentences_of_json(json.loads(element.text or "null"))
        return
    for name, value in element.attrib.items():
        if name in READ_ALOUD or (name == "value" and element.get("type") in BUTTONS):
            yield value
        elif name.startswith("data-") and _SENTENCE.search(value):
            yield from _data_attribute(value)
    if element.tag == "textarea":  # what somebody typed
        return
    if element.text:
        yield element.text
    for child in element:
        yield from _texts(child)
        if child.tail:
            yield child.tail


def _data_attribute(value: str) -> Iterator[str]:
    try:
        yield from sentences_of_json(json.loads(value))
    except ValueError:
        yield value


def sentences_of_json(value: Any) -> Iterator[str]:
    """The strings of several words: single words are codes."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from sentences_of_json(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from sentences_of_json(inner)
    elif isinstance(value, str) and _SENTENCE.search(value):
        yield value


def texts_of_csv(content: str) -> list[str]:
    """The headings: what stands below is data."""
    return next(csv.reader(io.StringIO(content.lstrip("\ufeff"))), [])
