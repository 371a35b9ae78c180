"""What receptionists do by HTTP, in the pages' own forms; each answer is in the journal before the next request."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.attack.browser import Answer
from tests.attack.plan import Plan
from tests.attack.worker import MODES, Worker, instant

HOLD = re.compile(r"/holds/([0-9a-f-]{36})")
APPOINTMENT = re.compile(r"/appointments/([0-9a-f-]{36})$")
# How many weeks a series has; what its dates look like.
DATES = 3
INSTANT = "%Y-%m-%dT%H:%M:%SZ"
VERIFY = re.compile(r'href="/desk/verify/([0-9a-f-]{36})"')
VERSION = re.compile(r'name="version"[^>]*value="(\d+)"')


class Desk(Worker):
    """One receptionist."""

    first_page = "/desk"

    def __init__(self, plan: Plan, folder: Path, *, number: int, seed: int) -> None:
        super().__init__(plan, folder, number=number, seed=seed, cookie=plan.desk_cookies[number])
        # Path, mark, patient and fields of the forms that were sent.
        self._sent: list[tuple[str, str, str, dict[str, str]]] = []

    def acts(self) -> Sequence[tuple[Callable[[], None], int]]:
        return (
            (self._book, 42),
            (self._move, 22),
            (self._cancel, 12),
            (self._overbook, 8),
            (self._series, 6),
            (self._mark, 6),
            (self._replay, 6),
            (self._verify, 6),
            (self._look, 4),
        )

    def _book(self) -> None:
        patient, time_ = self._chance.choice(self._plan.patients), self._choose_time()
        path = f"/desk/patients/{patient}"
        hold = self._hold(path, patient, time_)
        if hold is None:
            return
        turn = self._chance.random()
        if turn < 0.12:
            self._give_back(path, patient, hold)
        elif turn < 0.85:
            mark = self._mark_of("book")
            self._use(patient, UUID(hold).hex)
            self._send_booking(f"{path}/holds/{hold}", mark, patient, {**time_, **_details(mark)})

    def _overbook(self) -> None:
        """On top of whatever is booked; some a little in the past, which can be missed then."""
        place, (type_, _) = self._chance.choice(self._plan.places), self._chance.choice(self._plan.types)
        is_late = self._chance.random() < 0.4
        if is_late:
            starts_at = datetime.now(UTC) - timedelta(minutes=self._chance.randint(1, 50))
        else:
            starts_at = self._plan.first_at + timedelta(minutes=self._chance.randrange(self._plan.minutes))
        there = starts_at.astimezone(ZoneInfo(self._plan.zone))
        mark = self._mark_of("late" if is_late else "overbook")
        form = {
            "owner": place.clinician or place.clinic or "",
            "type": type_,
            "mode": self._chance.choice(MODES),
            "day-day": str(there.day),
            "day-month": str(there.month),
            "day-year": str(there.year),
            "clock": there.strftime("%H:%M"),
            "note": "Stands at the desk",
            **_details(mark),
        }
        patient = self._chance.choice(self._plan.patients)
        self._forget_kept(patient)
        self._send_booking(f"/desk/patients/{patient}/overbook", mark, patient, form, kind="overbook")

    def _series(self) -> None:
        """Once a week: each date, or none. Two who want the same weeks meet at every date."""
        patient, time_ = self._chance.choice(self._plan.patients), self._choose_time()
        zone = ZoneInfo(self._plan.zone)
        wall = instant(time_["starts_at"]).astimezone(zone).replace(tzinfo=None)
        dates = [
            (wall + timedelta(weeks=number)).replace(tzinfo=zone).astimezone(UTC).strftime(INSTANT)
            for number in range(DATES)
        ]
        mark = self._mark_of("series")
        form: dict[str, str | list[str]] = {
            **time_,
            **_details(mark),
            "weeks_between": "1",
            "count": str(DATES),
            "dates": dates,
            "csrf_token": self._token,
        }
        record = f"/desk/patients/{patient}"
        self._forget_kept(patient)
        self._journal.write("sending", mark=mark, dates=DATES)
        for answer in self._send(f"{record}/series/dates", form, twice=0.3):
            if self._note("series", answer).is_redirect and answer.path == record:
                self._journal.write("booked-series", mark=mark)

    def _send_booking(
        self, path: str, mark: str, patient: str, fields: Mapping[str, str], *, kind: str = "book"
    ) -> None:
        form = {**fields, "csrf_token": self._token}
        self._journal.write("sending", mark=mark)
        self._sent.append((path, mark, patient, form))
        if self._chance.random() < 0.05:
            self._browser.post_and_leave(path, form)
            return
        for answer in self._send(path, form, twice=0.3):
            self._take_booking(mark, patient, answer, kind)

    def _take_booking(self, mark: str, patient: str, answer: Answer, kind: str) -> None:
        self._note(kind, answer)
        found = APPOINTMENT.search(answer.path)
        if answer.is_redirect and found:
            self._journal.write("booked", mark=mark, appointment=UUID(found[1]).hex, patient=patient)

    def _replay(self) -> None:
        """The back button, or a proxy that sends again: long after it was answered, or after nobody heard the answer."""
        if self._sent:
            path, mark, patient, form = self._chance.choice(self._sent)
            if path.endswith("/overbook"):
                self._forget_kept(patient)
            self._take_booking(mark, patient, self._browser.post(path, form), "replay")

    def _move(self) -> None:
        appointment = self._choose_appointment()
        version = self._read_version(appointment)
        if appointment is None or version is None:
            return
        time_ = self._choose_time()
        path = f"/desk/appointments/{UUID(appointment)}"
        hold = self._hold(path, appointment, time_)
        if hold is None:
            return
        if self._chance.random() < 0.15:
            self._give_back(path, appointment, hold)
            return
        form = {
            **time_,
            "version": str(version),
            "note": "Asked for it",
            "idempotency_key": self._mark_of("move"),
            "csrf_token": self._token,
        }
        self._use(appointment, UUID(hold).hex)
        answers = self._send(f"{path}/holds/{hold}", form, twice=0.3)
        if any(self._note("move", answer).is_redirect for answer in answers):
            starts_at = instant(time_["starts_at"]).isoformat()
            self._journal.write("moved", appointment=appointment, starts_at=starts_at, version=version)

    def _cancel(self) -> None:
        appointment = self._choose_appointment()
        version = self._read_version(appointment)
        if appointment is None or version is None:
            return
        path = f"/desk/appointments/{UUID(appointment)}/cancel"
        form = {"version": str(version), "reason": "pat", "note": "Rang", "csrf_token": self._token}
        statuses = [self._note("cancel", answer).is_redirect for answer in self._send(path, form, twice=0.3)]
        if any(statuses):
            self._journal.write("cancelled", appointment=appointment)

    def _mark(self) -> None:
        """Missed, or that taken back: whether it makes sense is for the server to say."""
        late = [line["appointment"] for line in self._booked if line["mark"].startswith("late")]
        appointment = self._chance.choice(late) if late else None
        version = self._read_version(appointment)
        if appointment is None or version is None:
            return
        act = self._chance.choice(("noshow", "noshow/undo"))
        form = {"version": str(version), "csrf_token": self._token}
        self._note(act, self._browser.post(f"/desk/appointments/{UUID(appointment)}/{act}", form))

    def _verify(self) -> None:
        """Somebody who asked is new here: what they asked for is confirmed."""
        waiting = VERIFY.findall(self._note("verify-list", self._browser.get("/desk/verify")).page)
        if waiting:
            form = {"csrf_token": self._token}
            path = f"/desk/verify/{self._chance.choice(waiting)}"
            for answer in self._send(path, form, twice=0.3):
                self._note("verify", answer)

    def _look(self) -> None:
        """Searching holds no lock and books nothing; it is in the way of nobody."""
        record = f"/desk/patients/{self._chance.choice(self._plan.patients)}"
        day = f"/desk/day/{self._plan.first_at.date()}"
        self._note("look", self._browser.get(self._chance.choice((f"{record}/book", day, record))))

    def _hold(self, path: str, whom: str, time_: Mapping[str, str]) -> str | None:
        self._forget_kept(whom)
        form = {**time_, "csrf_token": self._token}
        named = set()
        for answer in self._send(f"{path}/hold", form, twice=0.1):
            found = HOLD.search(self._note("hold", answer).path)
            if answer.is_redirect and found:
                named.add(found[1])
        if not named:
            return None
        hold = named.pop()
        if not named:
            # Of two holds that were asked for at once the later may have replaced the earlier: counts on neither.
            self._keep(whom, UUID(hold).hex)
        return hold

    def _give_back(self, path: str, whom: str, hold: str) -> None:
        self._forget_kept(whom)
        form = {"csrf_token": self._token}
        self._note("give-back", self._browser.post(f"{path}/holds/{hold}/release", form))

    def _choose_appointment(self) -> str | None:
        return self._chance.choice(self._booked)["appointment"] if self._booked else None

    def _read_version(self, appointment: str | None) -> int | None:
        """What the page says, or sometimes what a page of before would have said."""
        if appointment is None:
            return None
        answer = self._note("read", self._browser.get(f"/desk/appointments/{UUID(appointment)}/cancel"))
        found = VERSION.search(answer.page)
        if not found:
            return None
        return int(found[1]) - (1 if self._chance.random() < 0.1 else 0)


def _details(mark: str) -> dict[str, str]:
    return {
        "reason": "Knee",
        "interpreter_language": mark,
        "interpreter_joins": "phone",
        "idempotency_key": mark,
    }
