"""The day sheet in words: a table with the clinicians as columns, and the same as a list for each clinician."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext, ngettext

from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.day_sheet import Stretch, StretchKind, clip, cut_day, lay_out
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.history_presenters import overbooked_by_text
from telehealth.booking.models import AppointmentType
from telehealth.booking.presenters import mode_text, status_text
from telehealth.booking.services.day_columns import Closure, Column, Elsewhere, Held, Meeting, Taken
from telehealth.booking.services.day_sheet import DaySheet, Wanted
from telehealth.booking.slot_values import instant_value
from telehealth.dates import date_text, time_text


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column cut into stretches, with what they point to."""

    column: Column
    closures: tuple[Closure, ...]
    stretches: tuple[Stretch, ...]


def sheet_context(sheet: DaySheet, time_zone: str, now: datetime, wanted: Wanted | None) -> dict[str, Any]:
    """What the fragment shows: `columns`, `rows` of the table, and `lists` with the same in the same order."""
    words = _Words(time_zone, now)
    context: dict[str, Any] = {
        "date_text": date_text(sheet.day),
        "summary": _summary(sheet),
        "made_at_text": time_text(now, time_zone),
        "left_out_text": ngettext(
            "%(num)d more clinician works then. Choose who is shown above.",
            "%(num)d more clinicians work then. Choose who is shown above.",
            sheet.left_out,
        )
        if sheet.left_out
        else "",
        "empty_text": empty_text(sheet),
        "next_day": sheet.next_day,
        "next_day_text": date_text(sheet.next_day) if sheet.next_day else "",
        "schedule_ids": sorted({str(slot.schedule_id) for column in sheet.columns for slot in column.slots}),
        "columns": [],
        "rows": [],
        "lists": [],
    }
    if sheet.span is None:
        return context
    length = timedelta(minutes=wanted.type.minutes if wanted else 1)
    cut = [_cut(column, sheet.span, length) for column in sheet.columns]
    edges, cells = lay_out([each.stretches for each in cut])
    context["columns"] = [{"name": each.column.name, "place_text": _place_text(each.column)} for each in cut]
    # Each stretch is put into words once: the table and the list show the same.
    shown = [
        [words.cell(each, stretch, number) for stretch in each.stretches] for number, each in enumerate(cut)
    ]
    rows: list[dict[str, Any]] = [
        {
            "time": words.time(edge),
            "is_hour": edge.minute == 0,
            "is_now": edge <= now < following,
            "cells": [],
        }
        for edge, following in zip(edges, [*edges[1:], sheet.span.end], strict=True)
    ]
    for column_cells, column_shown in zip(cells, shown, strict=True):
        for cell, words_of_cell in zip(column_cells, column_shown, strict=True):
            rows[cell.row]["cells"].append({**words_of_cell, "rows": cell.rows, "row": cell.row})
    context["rows"] = rows
    context["lists"] = [
        {**head, "cells": [cell for cell in column_shown if cell["kind"] != StretchKind.OUTSIDE]}
        for head, column_shown in zip(context["columns"], shown, strict=True)
    ]
    return context


def empty_text(sheet: DaySheet) -> str:
    """Why there is nothing to book that day; "" where a session takes place."""
    if sheet.has_sessions:
        return ""
    if sheet.bank_holiday:
        return gettext("%(name)s: no sessions on this bank holiday.", name=sheet.bank_holiday)
    reasons = {closure.reason for column in sheet.columns for closure in column.closures}
    if any(column.sessions for column in sheet.columns):
        return gettext("No session takes place this day: %(why)s.", why=", ".join(sorted(reasons)))
    return gettext("No sessions this day.")


def booking_kinds(types: Iterable[AppointmentType]) -> list[tuple[str, str]]:
    """What can be booked and how, for a select: ("<type>.<mode>", "Consultation, 10 minutes, video")."""
    return [
        (
            kind_value(each, mode),
            gettext(
                "%(type)s, %(minutes)s, %(mode)s",
                type=each.name,
                minutes=ngettext("%(num)d minute", "%(num)d minutes", each.minutes),
                mode=mode_text(mode).lower(),
            ),
        )
        for each in types
        for mode in each.modes
    ]


def kind_value(type_: AppointmentType, mode: Mode) -> str:
    return f"{type_.id}.{mode.value}"


def read_kind(value: str, types: Sequence[AppointmentType]) -> tuple[AppointmentType, Mode] | None:
    """The reverse of `kind_value`; for anything else the first type there is. None where nothing can be booked."""
    offered = [(each, mode) for each in types for mode in each.modes]
    return next((pair for pair in offered if kind_value(*pair) == value), offered[0] if offered else None)


def _cut(column: Column, span: Interval, length: timedelta) -> SheetColumn:
    closures, closed = [], []
    for closure in column.closures:
        # Leave is of interest where there would be a session; without any it fills the day.
        for session in column.sessions or [span]:
            part = clip(closure.span, session)
            if part is not None:
                closures.append(closure)
                closed.append(part)
    stretches = cut_day(
        span,
        sessions=column.sessions,
        closed=closed,
        taken=[each.span for each in column.taken],
        starts=[slot.starts_at for slot in column.slots],
        length=length,
    )
    return SheetColumn(column, tuple(closures), tuple(stretches))


class _Words:
    """Puts stretches into words; a time that stands on the page often is written once."""

    def __init__(self, time_zone: str, now: datetime) -> None:
        self._zone = ZoneInfo(time_zone)
        self._now = now
        self.time = cache(lambda instant: time_text(instant, time_zone))
        self._status, self._mode = cache(status_text), cache(mode_text)
        self._span = cache(
            lambda start, end: gettext("%(start)s to %(end)s", start=self.time(start), end=self.time(end))
        )

    def cell(self, shown: SheetColumn, stretch: Stretch, number: int) -> dict[str, Any]:
        start = stretch.span.start
        cell: dict[str, Any] = {
            "kind": stretch.kind.value,
            "column": number,
            "key": f"{number}-{start.astimezone(self._zone):%H%M}-{start.astimezone(self._zone).fold}",
            "times": self._span(start, stretch.span.end),
            "items": [],
            "text": "",
        }
        if stretch.kind is StretchKind.TAKEN:
            cell["items"] = [self._item(shown.column.taken[index]) for index in stretch.indexes]
        elif stretch.kind is StretchKind.CLOSED:
            closure = shown.closures[stretch.indexes[0]]
            cell["text"] = (
                gettext("On leave: %(reason)s", reason=closure.reason)
                if closure.is_leave
                else gettext("Closed: %(reason)s", reason=closure.reason)
            )
        elif stretch.kind is StretchKind.GAP:
            slot = next(slot for slot in shown.column.slots if slot.starts_at == start)
            cell["starts_at"] = instant_value(start)
            cell["schedule_id"] = str(slot.schedule_id)
            cell["text"] = gettext("Book %(time)s", time=self.time(start))
            cell["with_text"] = gettext("with %(name)s", name=shown.column.name)
        elif stretch.kind is StretchKind.FREE:
            is_past = stretch.span.end <= self._now
            cell["text"] = gettext("Not used") if is_past else gettext("Free")
        return cell

    def _item(self, taken: Taken) -> dict[str, Any]:
        times = {"times": self._span(taken.span.start, taken.span.end)}
        if isinstance(taken, Elsewhere):
            return {**times, "kind": "busy", "text": gettext("Busy")}
        if isinstance(taken, Held):
            until = self.time(taken.expires_at)
            return {
                **times,
                "kind": "held",
                "text": gettext("Being booked, kept until %(time)s", time=until),
            }
        return {
            **times,
            "kind": "meeting",
            "id": str(taken.appointment_id),
            "url": url_for("booking.appointment", appointment_id=taken.appointment_id),
            "name": _name(taken),
            "short_name": _short_name(taken),
            "status": taken.status.value,
            "status_text": self._status(taken.status),
            "flags": _flags(taken),
            "details": " · ".join(
                part for part in (taken.type_name, self._mode(taken.mode), taken.room_name) if part
            ),
        }


def _name(meeting: Meeting) -> str:
    if meeting.is_hidden:
        return gettext("Protected patient")
    return f"{meeting.given_name} {meeting.family_name}"


def _short_name(meeting: Meeting) -> str:
    """For print, where each row has one line: "E Morgan"."""
    if meeting.is_hidden:
        return gettext("Protected patient")
    return f"{meeting.given_name[:1]} {meeting.family_name}"


def _flags(meeting: Meeting) -> list[str]:
    """What must not be overlooked, in words."""
    flags = []
    if meeting.is_overbooked:
        flags.append(
            overbooked_by_text(meeting.overbooking) if meeting.overbooking else gettext("Overbooked")
        )
    if meeting.interpreter_language:
        flags.append(gettext("Interpreter: %(language)s", language=meeting.interpreter_language))
    if meeting.taken_by:
        flags.append(gettext("Taken by %(name)s", name=meeting.taken_by))
    return flags


def _place_text(column: Column) -> str:
    if column.lane_number is None or column.lane_count < 2:
        return ""
    return gettext("Place %(number)s of %(count)s", number=column.lane_number, count=column.lane_count)


def _summary(sheet: DaySheet) -> str:
    """In a shared clinic one time has several places, each of which is a button."""
    free_count = sum(len(column.slots) for column in sheet.columns)
    has_places = any(column.slots and column.lane_count > 1 for column in sheet.columns)
    return gettext(
        "%(appointments)s, %(times)s",
        appointments=ngettext("%(num)d appointment", "%(num)d appointments", sheet.appointment_count),
        times=ngettext("%(num)d free place", "%(num)d free places", free_count)
        if has_places
        else ngettext("%(num)d free time", "%(num)d free times", free_count),
    )
