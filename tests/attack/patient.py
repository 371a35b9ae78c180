"""What patients and strangers do by HTTP, at the same time as reception does it for them."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from tests.attack.browser import Form, read_forms
from tests.attack.plan import Plan
from tests.attack.worker import Worker, instant


class SelfBooker(Worker):
    """Somebody who books online. A hold is kept in the browser: one at a time."""

    def __init__(
        self, plan: Plan, folder: Path, *, number: int, seed: int, cookie: str = "", key: str = ""
    ) -> None:
        super().__init__(plan, folder, number=number, seed=seed, cookie=cookie)
        self._key = key or f"stranger {number}"
        self._book_path = f"/book/{plan.service}"
        type_, _ = plan.types[0]
        self.first_page = f"{self._book_path}/when?type={type_}&mode=video"

    @abstractmethod
    def person(self, mark: str) -> dict[str, str]:
        """The fields that say for whom it is."""

    def _book(self) -> None:
        time_ = self._choose_time()
        form = {
            "slot": f"{time_['schedule_id']}/{time_['starts_at']}",
            "type": time_["appointment_type_id"],
            "mode": time_["mode"],
        }
        hold = self._hold(f"{self._book_path}/when", form, f"{self._book_path}/details")
        if hold is None:
            return
        turn = self._chance.random()
        if turn < 0.1:
            self._forget_kept(self._key)
            fields = {"csrf_token": self._token, "type": form["type"], "mode": form["mode"]}
            self._note("own-give-back", self._browser.post(f"{self._book_path}/back", fields))
        elif turn < 0.9:
            self._confirm(hold)

    def _confirm(self, hold: Form) -> None:
        mark = self._mark_of("own")
        self._use(self._key, UUID(hold.fields["hold"]).hex)
        form = {
            **hold.fields,
            **self.person(mark),
            "reason": "Knee",
            "needs_interpreter": "yes",
            "interpreter_language": mark,
            "interpreter_joins": "phone",
            "idempotency_key": mark,
            "csrf_token": self._token,
        }
        self._journal.write("sending", mark=mark)
        for answer in self._send(f"{self._book_path}/confirm", form, twice=0.3):
            # The page that follows names no appointment in its address: what was booked has the mark.
            if self._note("own-book", answer).is_redirect and answer.path.endswith("/done"):
                self._journal.write("booked-own", mark=mark)

    def _hold(self, path: str, form: dict[str, str], next_page: str) -> Form | None:
        """The form of the page that follows, which names the hold."""
        self._forget_kept(self._key)
        answer = self._note("own-hold", self._browser.post(path, {**form, "csrf_token": self._token}))
        if not answer.is_redirect or answer.path != next_page:
            return None
        page = self._note("own-read", self._browser.get(next_page)).page
        found = [shown for shown in read_forms(page) if shown.fields.get("hold")]
        if not found:
            return None
        self._keep(self._key, UUID(found[0].fields["hold"]).hex)
        return found[0]


class Patient(SelfBooker):
    """One who is signed in."""

    def __init__(self, plan: Plan, folder: Path, *, number: int, seed: int) -> None:
        who = number % len(plan.patients)
        super().__init__(
            plan, folder, number=number, seed=seed, cookie=plan.patient_cookies[who], key=plan.patients[who]
        )

    def acts(self) -> Sequence[tuple[Callable[[], None], int]]:
        return ((self._book, 60), (self._move, 25), (self._cancel, 10))

    def person(self, _mark: str) -> dict[str, str]:
        return {"patient": self._key}

    def _move(self) -> None:
        path = self._choose_own()
        if path is None:
            return
        time_ = self._choose_time()
        slot = {"slot": f"{time_['schedule_id']}/{time_['starts_at']}", "mode": time_["mode"]}
        hold = self._hold(f"{path}/move", slot, f"{path}/move/check")
        if hold is None:
            return
        self._use(self._key, UUID(hold.fields["hold"]).hex)
        form = {**hold.fields, "idempotency_key": self._mark_of("move"), "csrf_token": self._token}
        answers = self._send(f"{path}/move/check", form, twice=0.3)
        # The first alone: the second finds no hold any more, and is sent to choose again.
        if any(self._note("own-move", answer).is_redirect and answer.path == path for answer in answers):
            self._journal.write(
                "moved",
                appointment=UUID(path.rpartition("/")[2]).hex,
                starts_at=instant(time_["starts_at"]).isoformat(),
                version=int(hold.fields["version"]),
            )

    def _cancel(self) -> None:
        path = self._choose_own()
        if path is None:
            return
        page = self._note("own-read", self._browser.get(f"{path}/cancel")).page
        found = [form for form in read_forms(page) if "version" in form.fields]
        if not found:
            return
        form = {**found[0].fields, "csrf_token": self._token}
        answers = self._send(f"{path}/cancel", form, twice=0.3)
        if any(self._note("own-cancel", answer).is_redirect for answer in answers):
            self._journal.write("cancelled", appointment=UUID(path.rpartition("/")[2]).hex)

    def _choose_own(self) -> str | None:
        """One that reception booked for this patient."""
        own = [line["appointment"] for line in self._booked if line["patient"] == self._key]
        return f"/appointments/{UUID(self._chance.choice(own))}" if own else None


class Stranger(SelfBooker):
    """Whom the service does not know: asks for a time, each time as somebody else."""

    def acts(self) -> Sequence[tuple[Callable[[], None], int]]:
        return ((self._book, 1),)

    def person(self, mark: str) -> dict[str, str]:
        return {
            "given_name": mark,
            "family_name": "Unknown",
            "birth_date-day": "5",
            "birth_date-month": "3",
            "birth_date-year": str(self._chance.randint(1930, 2000)),
            "phone": "07700 900123",
        }
