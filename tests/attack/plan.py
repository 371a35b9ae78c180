"""What a client must know of the stage; on the disk, because clients are killed and followed by others."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A schedule with whom it is: `clinic` where it is a shared clinic's."""

    schedule: str
    clinician: str | None
    clinic: str | None
    grid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a client must know; as JSON in a file, so that it can be killed and follow itself."""

    port: int
    first: str
    zone: str
    service: str
    minutes: int
    places: list[Place]
    # Key and minutes.
    types: list[tuple[str, int]]
    patients: list[str]
    # A cookie for each receptionist, and for each patient who has an account.
    desk_cookies: list[str]
    patient_cookies: list[str]

    @property
    def first_at(self) -> datetime:
        return datetime.fromisoformat(self.first)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Plan":
        parts = json.loads(path.read_text(encoding="utf-8"))
        parts["places"] = [Place(**place) for place in parts["places"]]
        return cls(**parts)
