"""A time of the day as people type it."""

import re
from datetime import time

_TYPED = re.compile(r"(\d{1,2})(?:[:. ]?(\d{2}))?\s*([ap])?\.?m?\.?")
_WORDS = {"midday": time(12), "noon": time(12), "midnight": time(0)}


def parse_wall_time(text: str) -> time | None:
    """For example "9", "9am", "9:30", "9.30pm", "0930", "14:30" or "midday"; None for anything else."""
    typed = " ".join(text.lower().split())
    if typed in _WORDS:
        return _WORDS[typed]
    match = _TYPED.fullmatch(typed)
    if not typed.isascii() or match is None or (typed[-1:] == "m" and not match.group(3)):
        return None
    hour, minute, half = int(match.group(1)), int(match.group(2) or "0"), match.group(3)
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
