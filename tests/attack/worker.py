"""What receptionists and patients have in common: a browser, a journal, and acts by chance."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.attack.browser import LOST, Answer, Browser, read_forms
from tests.attack.journal import Journal, read_lines
from tests.attack.plan import Plan

MODES = ("video", "phone", "in-person")
# How often others' appointments are looked up in their journals.
LOOK_EVERY = 10


class Worker(ABC):
    """One person. What the predecessor with the same journal kept is read from it."""

    # A page with a form, whose token against forged forms is good for all of them.
    first_page = ""

    def __init__(self, plan: Plan, folder: Path, *, number: int, seed: int, cookie: str) -> None:
        self._plan, self._folder = plan, folder
        self._chance = random.Random(seed)
        self._name = f"{number}-{seed}"
        self._count = 0
        self._token = ""
        path = folder / f"client-{number}.jsonl"
        # Patient (or appointment that is to be moved) -> the hold that is kept for them.
        self._kept = _kept_before(path) if path.exists() else {}
        self._journal = Journal(path)
        self._browser = Browser(plan.port, cookie)
        # Lines of all journals that tell of a booking.
        self._booked: list[dict[str, Any]] = []

    @abstractmethod
    def acts(self) -> Sequence[tuple[Callable[[], None], int]]:
        """What this person does, and how often."""

    def act(self) -> None:
        """One thing, by chance."""
        if not self._token and not self._sign_in():
            return
        if self._count % LOOK_EVERY == 0:
            lines = read_lines(sorted(self._folder.glob("client-*.jsonl")))
            self._booked = [line for line in lines if line["what"] == "booked"]
        self._count += 1
        acts = self.acts()
        self._chance.choices([act for act, _ in acts], [weight for _, weight in acts])[0]()

    def _sign_in(self) -> bool:
        """The cookie is one already; the token against forged forms comes with the first page."""
        answer = self._note("open", self._browser.get(self.first_page))
        tokens = [
            form.fields["csrf_token"] for form in read_forms(answer.page) if "csrf_token" in form.fields
        ]
        self._token = tokens[0] if tokens else ""
        if not tokens:
            # The server is on its way up again.
            time.sleep(0.2)
        return bool(tokens)

    def _forget_kept(self, whom: str) -> None:
        """Choosing another time gives the earlier one back; booking for the patient in another way does too."""
        before = self._kept.pop(whom, None)
        if before is not None:
            self._journal.write("giving-back", hold=before)

    def _keep(self, whom: str, hold: str) -> None:
        self._kept[whom] = hold
        self._journal.write("held", hold=hold, whom=whom, at=datetime.now(UTC).isoformat())

    def _use(self, whom: str, hold: str) -> None:
        """Written before it is sent: whether the answer comes or not, nobody counts on the hold any more."""
        self._kept.pop(whom, None)
        self._journal.write("using", hold=hold)

    def _send(self, path: str, form: Mapping[str, str | list[str]], *, twice: float) -> list[Answer]:
        """By chance `twice` at once: a double click."""
        if self._chance.random() < twice:
            return list(self._browser.post_twice(path, form))
        return [self._browser.post(path, form)]

    def _choose_time(self) -> dict[str, str]:
        place = self._chance.choice(self._plan.places)
        type_, minutes = self._chance.choice(self._plan.types)
        steps = (self._plan.minutes - minutes) // place.grid
        starts_at = self._plan.first_at + timedelta(minutes=place.grid * self._chance.randint(0, steps))
        return {
            "schedule_id": place.schedule,
            "starts_at": starts_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "appointment_type_id": type_,
            "mode": self._chance.choice(MODES),
        }

    def _mark_of(self, act: str) -> str:
        self._count += 1
        return f"{act} {self._name}-{self._count}"

    def _note(self, kind: str, answer: Answer) -> Answer:
        self._journal.write("answer", kind=kind, status=answer.status)
        if answer.status == LOST:
            # The server is being started again.
            time.sleep(0.2)
        return answer


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _kept_before(path: Path) -> dict[str, str]:
    kept: dict[str, str] = {}
    for line in read_lines([path]):
        if line["what"] == "held":
            kept[line["whom"]] = line["hold"]
        elif line["what"] in ("using", "giving-back"):
            kept = {whom: hold for whom, hold in kept.items() if hold != line["hold"]}
    return kept
