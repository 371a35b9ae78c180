"""A token bucket: how many messages a connection may send, and how fast."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """Holds up to `capacity` tokens and gains `per_second` of them. Time is an argument, in seconds."""

    capacity: float
    per_second: float
    tokens: float
    at_s: float

    @classmethod
    def full(cls, capacity: float, per_second: float, now_s: float) -> "Bucket":
        return cls(capacity, per_second, capacity, now_s)

    def take(self, now_s: float) -> bool:
        """Take one token; False where there is none."""
        self.tokens = min(self.capacity, self.tokens + (now_s - self.at_s) * self.per_second)
        self.at_s = now_s
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
