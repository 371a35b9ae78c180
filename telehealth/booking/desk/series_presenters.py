"""The dates of a series in words: free ones to tick, the others with what is in the way and what else is free that day."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.desk.booking_presenters import type_text
from telehealth.booking.desk.refusal_presenters import obstacle_lines
from telehealth.booking.models import AppointmentType
from telehealth.booking.presenters import mode_text
from telehealth.booking.services.desk_holds import HoldRequest
from telehealth.booking.services.refusals import Obstacle, owner_of
from telehealth.booking.services.series import SeriesDate
from telehealth.booking.slot_values import instant_value
from telehealth.dates import instant_text, time_text


def date_rows(
    dates: Sequence[SeriesDate],
    obstacles: Sequence[Sequence[Obstacle]],
    time_zone: str,
    chosen: Collection[datetime] | None,
    unanswered: Collection[str] = (),
) -> list[dict[str, Any]]:
    """`chosen`: the starts that were ticked before; None: everything that is free is ticked.

    `unanswered`: the names of those that were taken, of which nobody has said yet what happens instead.
    """
    return [
        {
            "name": f"other-{number}",
            "value": instant_value(each.starts_at),
            "when": instant_text(each.starts_at, time_zone),
            "is_free": each.slot is not None,
            "is_ticked": chosen is None or each.starts_at in chosen,
            # It was to be booked: what happens instead is for a person to say.
            "is_lost": each.slot is None
            and (each.starts_at in (chosen or ()) or f"other-{number}" in unanswered),
            "lines": obstacle_lines(found, time_zone),
            "others": [
                {
                    "value": instant_value(slot.starts_at),
                    "text": time_text(slot.starts_at, time_zone),
                    "is_chosen": chosen is not None and slot.starts_at in chosen,
                }
                for slot in each.others
            ],
        }
        for number, (each, found) in enumerate(zip(dates, obstacles, strict=True), 1)
    ]


def first_time_text(session: Session, service: HealthcareService, first: HoldRequest) -> str:
    """For example "Tuesday 12 January 2027, 2:30pm with Dr Nia Pritchard: Review, 15 minutes, video"."""
    type_ = session.get(AppointmentType, first.appointment_type_id)
    return gettext(
        "%(when)s with %(name)s: %(type)s, %(mode)s",
        when=instant_text(first.starts_at, service.time_zone),
        name=owner_of(session, service, first.schedule_id),
        type=type_text(type_) if type_ is not None and type_.service_id == service.id else "",
        mode=mode_text(first.mode).lower(),
    )
