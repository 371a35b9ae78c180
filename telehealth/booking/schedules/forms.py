"""A session, its end, and leave, as an administrator or a clinician types them."""

from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, RadioField, SelectField
from wtforms.validators import Length

from telehealth.accounts.forms import DateField, PageForm
from telehealth.booking.domain.recurrence import NTHS, Recurrence, Repeat, parse_rrule
from telehealth.booking.domain.slots import wall_instant
from telehealth.booking.form_fields import (
    checkboxes,
    fill_date,
    read_date,
    read_key,
    read_keys,
    read_modes,
    read_number,
    read_time,
    text,
)
from telehealth.booking.models import Schedule
from telehealth.booking.services.exceptions import ExceptionWish
from telehealth.booking.services.schedule_wishes import ScheduleWish

WEEKLY, FORTNIGHTLY, MONTHLY, ONCE = "weekly", "fortnightly", "monthly", "once"
# Of a change: every other week, but not in the weeks of before.
ANEW = "fortnightly-anew"
PRACTITIONER, CLINIC, SERVICE = "practitioner", "clinic", "service"


def owner_value(practitioner_id: UUID | None, shared_clinic_id: UUID | None) -> str:
    """Whose session it is, as the value of a choice."""
    if practitioner_id is not None:
        return f"{PRACTITIONER}/{practitioner_id}"
    return f"{CLINIC}/{shared_clinic_id}" if shared_clinic_id is not None else SERVICE


def read_owner(value: str | None) -> tuple[UUID | None, UUID | None] | None:
    """(clinician, shared clinic); (None, None) for the service, None for no choice."""
    if value == SERVICE:
        return None, None
    kind, _, key_text = (value or "").partition("/")
    key = read_key(key_text)
    if key is None or kind not in (PRACTITIONER, CLINIC):
        return None
    return (key, None) if kind == PRACTITIONER else (None, key)


class ScheduleForm(PageForm):
    owner = SelectField(_l("Whose session is it?"), validate_choice=False, choices=[])
    repeat = RadioField(_l("How often does it take place?"), validate_choice=False, choices=[])
    weekdays = checkboxes(_l("On which days of the week?"))
    nth = SelectField(_l("Which one of the month?"), validate_choice=False, choices=[])
    first_date = DateField(_l("First date"))
    last_date = DateField(_l("Last date (optional)"))
    starts = text(_l("From what time?"))
    ends = text(_l("Until what time?"))
    slot_minutes = text(_l("Minutes from one appointment to the next"))
    modes = checkboxes(_l("How can people meet in this session?"))
    types = checkboxes(_l("What can be booked in it?"))
    room = SelectField(_l("Room (optional)"), validate_choice=False, choices=[])
    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])
    version = IntegerField(default=0)

    def wish(self) -> ScheduleWish | None:
        """What was typed; None with an error beside each field that is to blame."""
        owner = read_owner(self.owner.data)
        if owner is None or owner == (None, None):
            self.owner.errors = [gettext("Choose whose session it is")]
        recurrence = self._recurrence()
        first_date = read_date(self.first_date, gettext("Enter the first date"))
        last_date = read_date(self.last_date)
        starts = read_time(self.starts, gettext("Enter the time at which the session starts"))
        ends = read_time(self.ends, gettext("Enter the time at which the session ends"))
        slot_minutes = read_number(self.slot_minutes)
        modes = read_modes(self.modes)
        if not modes:
            self.modes.errors = [gettext("Choose at least one way of meeting")]
        if (
            self.errors
            or owner is None
            or recurrence is None
            or first_date is None
            or starts is None
            or ends is None
            or slot_minutes is None
        ):
            return None
        return ScheduleWish(
            practitioner_id=owner[0],
            shared_clinic_id=owner[1],
            recurrence=recurrence,
            first_date=first_date,
            last_date=last_date if recurrence.repeat is not Repeat.ONCE else None,
            starts=starts,
            ends=ends,
            slot_minutes=slot_minutes,
            modes=modes,
            type_ids=read_keys(self.types.data),
            room_id=read_key(self.room.data),
            counts_anew=self.repeat.data == ANEW,
        )

    def fill(self, schedule: Schedule, *, from_date: date) -> None:
        """Show a session as it is, to be changed from `from_date` on."""
        rule = parse_rrule(schedule.rrule)
        self.owner.data = owner_value(schedule.practitioner_id, schedule.shared_clinic_id)
        self.repeat.data = {Repeat.WEEKLY: WEEKLY, Repeat.MONTHLY: MONTHLY, Repeat.ONCE: ONCE}[rule.repeat]
        if rule.interval == 2:
            self.repeat.data = FORTNIGHTLY
        self.weekdays.data = [str(day) for day in sorted(rule.weekdays)]
        self.nth.data = str(rule.nth or 1)
        fill_date(self.first_date, from_date)
        if rule.repeat is not Repeat.ONCE:
            fill_date(self.last_date, schedule.last_date)
        self.starts.data, self.ends.data = f"{schedule.starts:%H:%M}", f"{schedule.ends:%H:%M}"
        self.slot_minutes.data = str(schedule.slot_minutes)
        self.modes.data = [mode.value for mode in schedule.modes]
        self.types.data = [str(type_.id) for type_ in schedule.types]
        self.room.data = str(schedule.room_id or "")
        self.version.data = schedule.version

    def _recurrence(self) -> Recurrence | None:
        days = sorted({int(value) for value in self.weekdays.data or [] if value in set("0123456")})
        if self.repeat.data == ONCE:
            return Recurrence.once()
        if self.repeat.data not in (WEEKLY, FORTNIGHTLY, ANEW, MONTHLY):
            self.repeat.errors = [gettext("Choose how often it takes place")]
            return None
        if not days:
            self.weekdays.errors = [gettext("Choose a day of the week")]
            return None
        if self.repeat.data != MONTHLY:
            return Recurrence.weekly(days, 2 if self.repeat.data in (FORTNIGHTLY, ANEW) else 1)
        nths = {str(nth): nth for nth in NTHS}
        if len(days) > 1:
            self.weekdays.errors = [gettext("Choose one day of the week for a session once a month")]
        elif self.nth.data not in nths:
            self.nth.errors = [gettext("Choose which one of the month")]
        else:
            return Recurrence.monthly(nths[self.nth.data], days[0])
        return None


class EndForm(PageForm):
    """The last date of a session; or, of one that has not begun, none at all."""

    how = RadioField(_l("How does it end?"), validate_choice=False, choices=[])
    last_date = DateField(_l("Last date on which it takes place"))
    version = IntegerField(default=0)

    def end(self, *, has_begun: bool) -> tuple[bool, date | None]:
        """(whether it is right, the last date or None for "never"); with an error on the field."""
        if not has_begun and self.how.data == "never":
            return True, None
        if not has_begun and self.how.data != "date":
            self.how.errors = [gettext("Choose how it ends")]
            return False, None
        last_date = read_date(self.last_date, gettext("Enter the last date"))
        return last_date is not None, last_date


class LeaveForm(PageForm):
    owner = SelectField(_l("Who is away, or what is closed?"), validate_choice=False, choices=[])
    first_date = DateField(_l("First day"))
    starts = text(_l("From what time? (optional)"))
    last_date = DateField(_l("Last day"))
    ends = text(_l("Until what time? (optional)"))
    reason = text(
        _l("Reason"),
        validators=[Length(max=100, message=_l("Shorten the reason to 100 characters or fewer"))],
    )
    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])

    def wish(self, time_zone: str) -> ExceptionWish | None:
        """What was typed, in the wall time of the service; None with an error beside each field that is to blame."""
        owner = read_owner(self.owner.data)
        if owner is None:
            self.owner.errors = [gettext("Choose who is away, or what is closed")]
        first = read_date(self.first_date, gettext("Enter the first day"))
        last = read_date(self.last_date, gettext("Enter the last day"))
        starts = read_time(self.starts, "") if self.starts.data else time(0)
        ends = read_time(self.ends, "") if self.ends.data else None
        ends = None if ends == time(0) else ends
        if not self.reason.data:
            self.reason.errors = [gettext("Enter what staff will read, for example: Annual leave")]
        if self.errors or owner is None or first is None or last is None or starts is None:
            return None
        if last.year > 9000:
            self.last_date.form.year.errors = [gettext("Choose a date within the next two years.")]
            return None
        zone = ZoneInfo(time_zone)
        # Until midnight is until the end of the day, as it is of a session.
        end = (
            datetime.combine(last, ends, zone)
            if ends
            else datetime.combine(last + timedelta(days=1), time(0), zone)
        )
        starts_at = wall_instant(datetime.combine(first, starts, zone))
        # Of an hour that the clocks repeat, all of it.
        ends_at = wall_instant(end.replace(fold=1))
        if first == last and ends_at <= starts_at:
            # Of one day, the time is to blame; of several, the service blames the last day.
            self.ends.errors = [gettext("Choose an end that is after the start.")]
            return None
        return ExceptionWish(
            practitioner_id=owner[0],
            shared_clinic_id=owner[1],
            starts_at=starts_at,
            ends_at=ends_at,
            reason=self.reason.data or "",
        )
