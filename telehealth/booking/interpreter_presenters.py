"""That an interpreter is needed, in one line for lists and banners."""

from flask_babel import gettext

from telehealth.booking.code_texts import joins_text
from telehealth.booking.domain.interpreter import InterpreterJoins


def interpreter_text(language: str, joins: InterpreterJoins | None) -> str:
    """For example "Interpreter needed: Polish. By phone". "" where none is needed."""
    if not language:
        return ""
    if joins is None:
        return gettext("Interpreter needed: %(language)s", language=language)
    return gettext("Interpreter needed: %(language)s. %(joins)s", language=language, joins=joins_text(joins))
