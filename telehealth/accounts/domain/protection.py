"""When a protected patient may be contacted: only by the channels and in the hours that are marked safe."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Channel = Literal["phone", "email"]
# The hours of two services may only meet on the day after tomorrow, or never.
DAYS_TO_LOOK = 3


@dataclass(frozen=True, slots=True)
class Now:
    """It may be sent at once."""


@dataclass(frozen=True, slots=True)
class At:
    """It may be sent from this instant on (UTC)."""

    instant: datetime


@dataclass(frozen=True, slots=True)
class Never:
    """It must not be sent."""


When = Now | At | Never


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeContact:
    """What one service has recorded. Hours are local; both None: at any hour. They may go over midnight."""

    is_phone_safe: bool
    is_email_safe: bool
    safe_from: time | None
    safe_until: time | None
    time_zone: str

    def is_channel_safe(self, channel: Channel) -> bool:
        return self.is_phone_safe if channel == "phone" else self.is_email_safe

    def is_safe_at(self, instant: datetime) -> bool:
        """Whether the hour is a safe one; the last minute is not in it."""
        if self.safe_from is None or self.safe_until is None:
            return True
        local = instant.astimezone(ZoneInfo(self.time_zone)).time()
        if self.safe_from <= self.safe_until:
            return self.safe_from <= local < self.safe_until
        return local >= self.safe_from or local < self.safe_until

    def starts_after(self, instant: datetime) -> list[datetime]:
        """When safe hours begin in the days to come, in order, in UTC."""
        if self.safe_from is None:
            return []
        zone = ZoneInfo(self.time_zone)
        today = instant.astimezone(zone).date()
        starts = [
            datetime.combine(today + timedelta(days=number), self.safe_from, zone).astimezone(UTC)
            for number in range(DAYS_TO_LOOK)
        ]
        return [start for start in starts if start > instant]


def when_to_contact(rules: Sequence[SafeContact], channel: Channel, now: datetime) -> When:
    """The first moment at which every rule lets something be sent. Where there is no rule: at once."""
    if not all(rule.is_channel_safe(channel) for rule in rules):
        return Never()
    if all(rule.is_safe_at(now) for rule in rules):
        return Now()
    starts = sorted(start for rule in rules for start in rule.starts_after(now))
    for start in starts:
        # Also asked of the rule itself: its hour may fall into the one that the clocks skip.
        if all(rule.is_safe_at(start) for rule in rules):
            return At(start)
    return Never()
