"""What is typed to end a consultation: how it ended, what the patient is told, and when to see them again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import gettext

from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.follow_up import MOST_AHEAD, SeeAgain, TimeUnit, date_in
from telehealth.video.domain.encounter import Outcome
from telehealth.video.presenters import outcome_text, outcomes_for

ME = "me"
MAX_NOTE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTyped:
    """As it was typed, to be shown again beside what is wrong with it."""

    outcome: str = ""
    next_steps: str = ""
    number: str = ""
    unit: str = TimeUnit.WEEKS.value
    with_whom: str = ME
    note: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_wanted(self) -> bool:
        """Whoever typed when, or what about, wants it."""
        return bool(self.number or self.note)


def read_end_form(form: Mapping[str, str], errors: Mapping[str, str] | None = None) -> EndTyped:
    def text(name: str) -> str:
        return form.get(name, "").replace("\r\n", "\n").replace("\x00", "")

    return EndTyped(
        outcome=text("outcome"),
        next_steps=text("next_steps"),
        number=text("see_again_number").strip(),
        unit=text("see_again_unit") or TimeUnit.WEEKS.value,
        with_whom=text("see_again_with") or ME,
        note=text("see_again_note").strip(),
        errors=errors or {},
    )


def faults_of(typed: EndTyped) -> dict[str, str]:
    """What is wrong, by field; empty where it can be done."""
    faults = {}
    if typed.outcome not in {outcome.value for outcome in Outcome}:
        faults["outcome"] = gettext("Choose how the consultation ended")
    if typed.is_wanted:
        unit = _unit_of(typed)
        if unit is None:
            faults["see_again_number"] = gettext("Choose days, weeks or months")
        elif not 1 <= _number_of(typed) <= MOST_AHEAD[unit]:
            faults["see_again_number"] = gettext(
                "Enter in how many days, weeks or months to see the patient again, as a number up to %(most)s",
                most=MOST_AHEAD[unit],
            )
        if len(typed.note) > MAX_NOTE:
            faults["see_again_note"] = gettext(
                "Shorten what it is about to %(most)s characters or fewer", most=MAX_NOTE
            )
    return faults


def wish_of(typed: EndTyped, today: date, clinician_name: str) -> SeeAgain | None:
    """What is to follow, of a form without faults. Who must be seen in person is always asked for."""
    must_be_seen = typed.outcome == Outcome.FACE_TO_FACE
    unit = _unit_of(typed)
    if not typed.is_wanted or unit is None:
        return SeeAgain(note=gettext("To be seen in person.")) if must_be_seen else None
    words = [gettext("To be seen in person.")] if must_be_seen else []
    if typed.with_whom == ME:
        words.append(gettext("With %(name)s.", name=clinician_name))
    return SeeAgain(
        see_by=date_in(_number_of(typed), unit, today), note=" ".join((*words, typed.note)).strip()
    )


def end_form_context(typed: EndTyped, mode: Mode) -> dict[str, Any]:
    return {
        "outcomes": [(choice.value, outcome_text(choice, mode)) for choice in outcomes_for(mode)],
        "outcome": typed.outcome,
        "next_steps": typed.next_steps,
        "is_again": typed.is_wanted,
        "number": typed.number,
        "unit": typed.unit,
        "units": [
            (TimeUnit.DAYS.value, gettext("days")),
            (TimeUnit.WEEKS.value, gettext("weeks")),
            (TimeUnit.MONTHS.value, gettext("months")),
        ],
        "with_whom": typed.with_whom,
        "note": typed.note,
        "errors": dict(typed.errors),
    }


def _unit_of(typed: EndTyped) -> TimeUnit | None:
    return next((unit for unit in TimeUnit if unit.value == typed.unit), None)


def _number_of(typed: EndTyped) -> int:
    """0 for what is no number."""
    is_number = typed.number.isascii() and typed.number.isdigit() and len(typed.number) <= 4
    return int(typed.number) if is_number else 0
