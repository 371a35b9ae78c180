"""Search and booking at a service of some size, through HTTP, on both databases; beside what bare SQL needs for the same."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import partial
from itertools import cycle
from pathlib import Path
from uuid import UUID, uuid4

from benchmarks import dataset, floor
from benchmarks.figures import Figure, percentile
from benchmarks.prepared import (
    Facts,
    Held,
    copy_of_sqlite,
    filled_postgresql,
    hold_times,
    keep_keys,
    read_facts,
)
from telehealth.accounts.models import HealthcareService
from telehealth.booking.desk.booking_presenters import TIMES_SHOWN
from telehealth.booking.models import AppointmentType
from telehealth.booking.services.availability import SEARCH_DAYS, SlotQuery, find_slots
from telehealth.clock import now
from telehealth.db import Database, make_engine
from telehealth.keyring import KeyRing
from telehealth.sealing import install
from tests.attack.browser import Browser, read_forms
from tests.attack.servers import AttackedServer

SEARCHES = 60
PER_S = 50
BOOKINGS = 300
WRITERS = 8
WRITES = 160
WARM_UP = 5
ROWS_OF_DAY = 10  # clinicians: with 32 times each, four fifths booked, 256 rows


def measure() -> list[Figure]:
    install(KeyRing.parse(keep_keys()))
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        figures += _measure_on(Path(folder), "SQLite", copy_of_sqlite(Path(folder)))
    with tempfile.TemporaryDirectory() as folder, filled_postgresql() as url:
        figures += _measure_on(Path(folder), "PostgreSQL", url)
    return figures


def _measure_on(folder: Path, name: str, url: str) -> list[Figure]:
    database = Database(make_engine(url))
    facts = read_facts(database)
    held = hold_times(database, facts, BOOKINGS + WRITES)
    with ExitStack() as stack:
        server = AttackedServer(folder, url, app="benchmarks.served:app", keys=keep_keys())
        server.start()
        stack.callback(server.stop)
        browser = Browser(server.port, facts.cookies[0])
        token = read_forms(browser.get("/desk").page)[0].fields["csrf_token"]
        figures = [
            *_searches(server, browser, facts),
            *_pages(browser, facts, token),
            *_bookings(server, held),
        ]
        browser.close()
    figures.append(_search_alone(database, facts))
    database.engine.dispose()
    spent = floor.measure(url, facts, SEARCHES)
    driver = "sqlite3" if url.startswith("sqlite") else "psycopg"
    figures += [
        Figure(f"bare {driver}, {what}: p95", percentile(times, 95), None, "ms")
        for what, times in spent.items()
    ]
    return [Figure(f"{name}: {each.name}", each.measured, each.limit, each.unit) for each in figures]


def _searches(server: AttackedServer, browser: Browser, facts: Facts) -> list[Figure]:
    one = f"/bench/slots?type={facts.type}&from={facts.monday}&days=28&who="
    everybody = f"/bench/slots?type={facts.type}&from={facts.monday}&days=84"
    people = cycle(facts.practitioners)
    page = f"/desk/patients/{facts.patient.id}/book?type={facts.type}&mode=video&who="
    with _cpu_of(server) as cpu:
        spent_one = _time(SEARCHES, lambda: _get(browser, one + str(next(people))))
    spent_all = _time(SEARCHES // 3, lambda: _get(browser, everybody))
    spent_page = _time(SEARCHES, lambda: _get(browser, page + str(next(people))))
    return [
        Figure("free times, 1 clinician x 4 weeks: p95", percentile(spent_one, 95), 100, "ms"),
        Figure("free times, 1 clinician x 4 weeks: CPU", cpu[0] / (SEARCHES + WARM_UP), 2, "ms"),
        Figure("free times, 40 clinicians x 12 weeks: p95", percentile(spent_all, 95), 300, "ms"),
        Figure("the page with 1 clinician's free times: p95", percentile(spent_page, 95), 100, "ms"),
    ]


def _search_alone(database: Database, facts: Facts) -> Figure:
    """What the search costs without the request around it, for as many times as a page shows."""
    query = partial(
        SlotQuery, from_date=date.fromisoformat(facts.monday), days=SEARCH_DAYS, limit=TIMES_SHOWN
    )

    def search(who: UUID) -> None:
        with database.reading() as session:
            type_ = session.get_one(AppointmentType, UUID(facts.type))
            service = session.get_one(HealthcareService, type_.service_id)
            find_slots(session, service, query(type=type_, practitioner_id=who), now=now())

    people = cycle(facts.practitioners)
    for _ in range(WARM_UP):
        search(next(people))
    began_s = time.process_time()
    for _ in range(SEARCHES):
        search(next(people))
    spent_ms = (time.process_time() - began_s) * 1000 / SEARCHES
    return Figure("free times, the first of 1 clinician, the search alone: CPU", spent_ms, 2, "ms")


def _pages(browser: Browser, facts: Facts, token: str) -> list[Figure]:
    who = "&".join(f"who={key}" for key in facts.practitioners[:ROWS_OF_DAY])
    spent_day = _time(SEARCHES // 2, lambda: _get(browser, f"/desk/day/{facts.monday}?{who}"))
    patient = facts.patient
    typed = {
        "a whole name": f"{patient.given_name} {patient.family_name}",
        "the start of a name": f"{patient.family_name[:4]} {patient.given_name[:2]}",
        "a typing mistake": f"{patient.given_name} {patient.family_name[:2]}{patient.family_name[3:]}",
        "a date of birth": patient.birth_date.strftime("%d/%m/%Y"),
        "a phone number": "07700" + dataset.phone_of(777)[-6:],
        "a reference": facts.reference,
    }
    figures = [Figure("day sheet of 250 rows: p95", percentile(spent_day, 95), 300, "ms")]
    for what, path in {
        "the desk": "/desk",
        "a patient's record": f"/desk/patients/{patient.id}",
        "who is not known yet": "/desk/verify",
        "who is to be seen again": "/follow-ups",
    }.items():
        spent = _time(SEARCHES // 2, partial(_get, browser, path))
        figures.append(Figure(f"page of {what}: p95", percentile(spent, 95), 300, "ms"))
    for what, query in typed.items():
        form = {"q": query, "csrf_token": token}
        spent = _time(SEARCHES // 2, partial(_post, browser, "/desk", form, "200", "303"))
        figures.append(Figure(f"patients by {what}: p95", percentile(spent, 95), 150, "ms"))
    return figures


def _bookings(server: AttackedServer, held: Sequence[Held]) -> list[Figure]:
    """At their time, whether the ones before are done or not; then as fast as so many writers can."""
    windows = dict[str, tuple[str, str]]()
    for cookie in {each.cookie for each in held}:
        first = Browser(server.port, cookie)
        token = read_forms(first.get("/desk").page)[0].fields["csrf_token"]
        windows[cookie] = first.cookie, token
        first.close()
    browsers = [Browser(server.port, windows[each.cookie][0]) for each in held]

    def book(number: int, due_s: float) -> float:
        each = held[number]
        form = {"reason": "Knee", "idempotency_key": uuid4().hex, "csrf_token": windows[each.cookie][1]}
        _post(browsers[number], each.path, form, "303")
        return (time.perf_counter() - due_s) * 1000

    spent = [0.0] * BOOKINGS
    begin_s = time.perf_counter() + 0.5

    def book_at(number: int) -> None:
        due_s = begin_s + number / PER_S
        time.sleep(max(0.0, due_s - time.perf_counter()))
        spent[number] = book(number, due_s)

    with _cpu_of(server) as cpu:
        threads = [threading.Thread(target=book_at, args=(number,)) for number in range(BOOKINGS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with ThreadPoolExecutor(WRITERS) as pool:
        crowded = list(
            pool.map(lambda number: book(number, time.perf_counter()), range(BOOKINGS, BOOKINGS + WRITES))
        )
    figures = [
        Figure(f"booking, {PER_S} a second: p50", percentile(spent, 50), 150, "ms"),
        Figure(f"booking, {PER_S} a second: p95", percentile(spent, 95), 150, "ms"),
        Figure("booking: CPU", cpu[0] / BOOKINGS, 4, "ms"),
    ]
    if server.is_single:
        figures.append(Figure(f"booking, {WRITERS} writers at once: the longest", max(crowded), 500, "ms"))
    return figures


def _get(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status == "200", (path, answer.status, answer.page[-2000:])


def _post(browser: Browser, path: str, form: dict[str, str], *expected: str) -> None:
    answer = browser.post(path, form)
    assert answer.status in expected, (path, answer.status, answer.page[-2000:])


def _time(times: int, act: Callable[[], None]) -> list[float]:
    """Milliseconds of each, after some that are not counted."""
    for _ in range(WARM_UP):
        act()
    spent = []
    for _ in range(times):
        began_s = time.perf_counter()
        act()
        spent.append((time.perf_counter() - began_s) * 1000)
    return spent


@contextmanager
def _cpu_of(server: AttackedServer) -> Iterator[list[float]]:
    """Milliseconds of CPU that the server's processes used inside the block."""
    before = _cpu_ms(server)
    used: list[float] = []
    yield used
    used.append(_cpu_ms(server) - before)


def _cpu_ms(server: AttackedServer) -> float:
    """All its threads, in ticks of a hundredth of a second."""
    ticks = 0
    for process in server.find_processes():
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 10.0
