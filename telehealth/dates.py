"""Dates, times and durations as people read them: NHS content style, in the service's zone and the page's language."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from flask_babel import get_locale, gettext, ngettext

JUST_NOW_S = 5


def date_text(day: date) -> str:
    """For example "Tuesday 12 January 2027"."""
    return format_date(day, "EEEE d MMMM y", locale=get_locale() or "en_GB")


def short_date_text(day: date) -> str:
    """For example "12 January 2027"."""
    return format_date(day, "d MMMM y", locale=get_locale() or "en_GB")


def time_text(instant: datetime, time_zone: str) -> str:
    """For example "2:30pm", "8pm", "midday" or "midnight" (in Welsh "14:30").

    In the hour that comes twice when the clocks go back it says which of the two.
    """
    local = instant.astimezone(ZoneInfo(time_zone))
    if not _comes_twice(local):
        return _wall_time_text(local)
    if local.fold:
        return gettext("%(time)s after the clocks go back", time=_wall_time_text(local))
    return gettext("%(time)s before the clocks go back", time=_wall_time_text(local))


def _comes_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _wall_time_text(local: datetime) -> str:
    locale = get_locale()
    if locale is not None and locale.language == "cy":
        return format_time(local, "HH:mm", locale=locale)
    if local.minute == 0 and local.hour % 12 == 0:
        return gettext("midday") if local.hour else gettext("midnight")
    return format_time(local, "h:mma" if local.minute else "ha", locale="en_GB").lower()


def instant_text(instant: datetime, time_zone: str) -> str:
    """For example "Tuesday 12 January 2027, 2:30pm"."""
    local = instant.astimezone(ZoneInfo(time_zone))
    return f"{date_text(local.date())}, {time_text(instant, time_zone)}"


def age_in_years(birth_date: date, today: date) -> int:
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))


def birth_date_text(birth_date: date, today: date) -> str:
    """For example "5 March 1948 (78 years)"."""
    years = age_in_years(birth_date, today)
    age = ngettext("%(num)d year", "%(num)d years", years)
    return f"{short_date_text(birth_date)} ({age})"


def duration_text(seconds: float) -> str:
    """Whole minutes, or seconds below one: "20 seconds", "6 minutes", "2 hours"."""
    whole = max(0, int(seconds))
    if whole < 60:
        return ngettext("%(num)d second", "%(num)d seconds", whole)
    if whole < 7200:
        return ngettext("%(num)d minute", "%(num)d minutes", whole // 60)
    return ngettext("%(num)d hour", "%(num)d hours", whole // 3600)


def ago_text(instant: datetime, now: datetime) -> str:
    """For example "20 seconds ago", or "just now"."""
    if (now - instant).total_seconds() < JUST_NOW_S:
        return gettext("just now")
    return gettext("%(duration)s ago", duration=duration_text((now - instant).total_seconds()))
