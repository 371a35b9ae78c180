"""The audit trail for administrators: who did what to whom, found by what an administrator knows."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.models import BrowserSession, HealthcareService, Protection
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Actor
from telehealth.admin.services import audit as audit_service
from telehealth.audit.models import AuditEvent, EventOutcome
from telehealth.audit.services import record_event, record_refusal
from telehealth.clock import now
from tests.factories import Cast, make_patient, sign_in
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web

AUDIT = "/admin/audit"
EXPORT = f"{AUDIT}/export"


@pytest.fixture(autouse=True)
def _as_administrator(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.administrator)


def record(
    session: Session,
    who: Actor,
    action: str = "patient.opened",
    *,
    at: datetime | None = None,
    **more: object,
) -> None:
    record_event(session, who, action, subject_kind="patient", subject_id=None, **more)  # type: ignore[arg-type]
    (event,) = [item for item in session.new if isinstance(item, AuditEvent)]
    event.recorded_at = at or event.recorded_at
    session.commit()


def rows_in(page: str) -> str:
    """The table alone: what is typed is shown above it, too."""
    return page.partition("<tbody")[2].partition("</tbody>")[0]


def search(client: CheckedClient, **values: str) -> str:
    return client.submit(AUDIT, values)


def test_the_newest_events_are_in_words(client: CheckedClient, session: Session, cast: Cast) -> None:
    record(
        session,
        actor_of(cast.receptionist),
        patient_id=cast.patient.id,
        service_id=cast.service.id,
    )
    rows = rows_in(client.get_page(AUDIT))
    for words in ("Reception", "Opened a patient’s record", "Eirlys Morgan", "Hillside Clinic"):
        assert words in rows


def test_an_account_is_named(client: CheckedClient, session: Session, cast: Cast) -> None:
    record_event(
        session,
        actor_of(cast.administrator),
        "account.created",
        subject_kind="account",
        subject_id=cast.colleague.id,
    )
    session.commit()
    rows = rows_in(client.get_page(AUDIT))
    assert "Made an account" in rows
    assert "Tomos" in rows


def test_what_was_searched_for_is_said_above_the_results(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    record(session, actor_of(cast.colleague), "note.signed")
    day = {"first_day-day": "2", "first_day-month": "7", "first_day-year": "2026"}
    page = search(client, who="tomos", group="changed", **day)
    said = page.partition('id="searched"')[2].partition("</dl>")[0]
    for words in ("Member of staff", "tomos", "What was done", "Changed patient data", "From", "2 July 2026"):
        assert words in said
    assert "Patient" not in said.replace("patient data", "")


def test_a_refusal_says_so(client: CheckedClient, session: Session, cast: Cast) -> None:
    record_refusal(session, actor_of(cast.colleague), "clinic.consultation")
    session.commit()
    page = search(client, outcome="refused")
    assert "Refused: Asked for something they may not have: clinic.consultation" in rows_in(page)
    assert "Nothing was recorded" in search(client, outcome="refused", group="changed")


@pytest.mark.parametrize("who", ["tomos@hillside-clinic.example", "TOMOS"])
def test_events_are_found_by_who_did_it(
    client: CheckedClient, session: Session, cast: Cast, who: str
) -> None:
    record(session, actor_of(cast.colleague), "note.signed")
    record(session, actor_of(cast.receptionist), "appointment.booked")
    rows = rows_in(search(client, who=who))
    assert "Signed a note" in rows
    assert "Booked an appointment" not in rows


def test_somebody_who_is_not_staff_here_is_an_error_that_keeps_what_was_typed(
    client: CheckedClient, cast: Cast
) -> None:
    page = client.submit(AUDIT, {"who": "petra", "patient": "Eirlys"}, status=422)
    assert "No member of staff has this name or email address" in page
    assert fields_of(page)["patient"] == "Eirlys"


def test_events_are_found_by_the_patient(client: CheckedClient, session: Session, cast: Cast) -> None:
    record(session, actor_of(cast.receptionist), patient_id=cast.patient.id)
    record(session, actor_of(cast.receptionist), patient_id=cast.other_patient.id)
    rows = rows_in(search(client, patient="Eirlys Morgan 5/3/1948"))
    assert "Eirlys Morgan" in rows
    assert "Aled Morgan" not in rows


def test_of_several_patients_one_is_chosen(client: CheckedClient, session: Session, cast: Cast) -> None:
    record(session, actor_of(cast.receptionist), "note.signed", patient_id=cast.patient.id)
    record(session, actor_of(cast.receptionist), "note.amended", patient_id=cast.other_patient.id)
    page = search(client, patient="morgan", group="changed")
    assert "Which patient do you mean?" in page
    assert "<tbody" not in page
    chosen = {**fields_of(page), "patient_id": str(cast.other_patient.id)}
    answer = client.post(AUDIT, data=chosen)
    rows = rows_in(answer.get_data(as_text=True))
    assert "Changed a signed note" in rows
    assert "Signed a note" not in rows
    # Other words need another choice.
    again = {**fields_of(answer.get_data(as_text=True)), "patient": "eirlys"}
    assert "Signed a note" in rows_in(client.post(AUDIT, data=again).get_data(as_text=True))


def test_a_patient_nobody_knows_is_an_error(client: CheckedClient) -> None:
    assert "No patient matches" in client.submit(AUDIT, {"patient": "zzz"}, status=422)


def test_a_patient_of_another_organisation_is_not_found(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    stranger = make_patient(session, cast.other_organisation_service, given_name="Zelda")
    session.commit()
    assert "No patient matches" in client.submit(AUDIT, {"patient": "zelda"}, status=422)
    forged = {"patient": "morgan", "patient_for": "morgan", "patient_id": str(stranger.id)}
    assert "Which patient do you mean?" in search(client, **forged)


def test_days_are_whole_days_of_the_service(client: CheckedClient, session: Session, cast: Cast) -> None:
    """Summer time: the day begins at 23:00 UTC."""
    who = actor_of(cast.receptionist)
    record(session, who, "note.saved", at=datetime(2026, 7, 1, 22, 59, tzinfo=UTC))
    record(session, who, "note.signed", at=datetime(2026, 7, 1, 23, 0, tzinfo=UTC))
    record(session, who, "note.amended", at=datetime(2026, 7, 2, 23, 0, tzinfo=UTC))
    day = {"day": "2", "month": "7", "year": "2026"}
    days = {f"{field}-{part}": text for field in ("first_day", "last_day") for part, text in day.items()}
    rows = rows_in(search(client, **days))
    assert "Signed a note" in rows
    assert "Saved a draft" not in rows
    assert "Changed a signed note" not in rows


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"first_day-day": "31", "first_day-month": "2", "first_day-year": "2026"}, "Enter a real date"),
        ({"first_day-day": "1", "first_day-month": "2", "first_day-year": "26"}, "four digits"),
        ({"last_day-day": "1"}, "Enter a real date"),
        ({"last_day-day": "1", "last_day-month": "2", "last_day-year": "²"}, "Enter a real date"),
        (
            {
                "first_day-day": "2",
                "first_day-month": "2",
                "first_day-year": "2026",
                "last_day-day": "1",
                "last_day-month": "2",
                "last_day-year": "2026",
            },
            "The last day must not be before the first",
        ),
    ],
)
def test_days_that_are_none_are_errors(client: CheckedClient, typed: dict[str, str], said: str) -> None:
    page = client.submit(AUDIT, typed, status=422)
    assert said in page
    for name, text in typed.items():
        assert fields_of(page)[name] == text


def test_older_events_are_on_the_next_page(client: CheckedClient, session: Session, cast: Cast) -> None:
    who = actor_of(cast.receptionist)
    same_moment = now() - timedelta(hours=1)
    for number in range(120):
        record(
            session,
            who,
            "patients.searched",
            at=same_moment - timedelta(seconds=number // 7),
            reason=f"{number + 1000}",
        )
    page = search(client, group="opened")
    seen: list[str] = []
    for _ in range(3):
        seen += [part.split(" found")[0] for part in rows_in(page).split("Searched for patients: ")[1:]]
        forms = posted_forms(page)
        older = [number for number, form in enumerate(forms) if "before" in fields_of(page, form=number)]
        if not older:
            break
        assert forms[older[0]].get("action") == AUDIT
        page = client.post(AUDIT, data=fields_of(page, form=older[0])).get_data(as_text=True)
    assert sorted(seen) == sorted(str(number + 1000) for number in range(120))


@pytest.mark.parametrize("before", ["x", "/", "2026-01-01T00:00:00/00000000-0000-4000-8000-000000000000"])
def test_a_place_that_this_page_did_not_write_is_the_first_page(client: CheckedClient, before: str) -> None:
    assert "Newest events" in search(client, before=before)


def test_another_organisations_events_are_never_shown(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    record(session, actor_of(cast.other_organisation_receptionist), "note.signed")
    assert "Signed a note" not in rows_in(client.get_page(AUDIT))
    assert "Signed a note" not in export(client)


def test_a_restricted_service_is_hidden_from_those_outside(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    who = actor_of(cast.other_service_receptionist)
    record(session, who, "note.signed", patient_id=cast.patient.id, service_id=cast.other_service.id)
    assert "Signed a note" in rows_in(client.get_page(AUDIT))
    session.execute(
        update(HealthcareService)
        .where(HealthcareService.id == cast.other_service.id)
        .values(is_restricted=True)
    )
    session.commit()
    page = client.get_page(AUDIT)
    assert "Signed a note" not in rows_in(page)
    assert "Hillside Physiotherapy" not in page
    assert "Signed a note" not in rows_in(search(client, patient="Eirlys Morgan"))


def test_the_name_of_a_protected_patient_is_not_shown_outside(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    record(session, actor_of(cast.receptionist), "note.signed", patient_id=cast.patient.id)
    session.add(
        Protection(
            organisation_id=cast.patient.organisation_id,
            service_id=cast.other_service.id,
            patient_id=cast.patient.id,
            is_phone_safe=True,
            is_email_safe=False,
            set_at=now(),
            set_by="test",
        )
    )
    session.commit()
    rows = rows_in(client.get_page(AUDIT))
    assert "A patient whose name is not shown" in rows
    assert "Eirlys" not in rows
    assert "Eirlys" not in export(client)
    assert "No patient matches" in client.submit(AUDIT, {"patient": "eirlys"}, status=422)


def test_searching_is_in_the_trail_without_what_was_typed(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    search(client, patient="Eirlys Morgan", who="reception")
    event = session.scalars(
        select(AuditEvent).where(
            AuditEvent.action == "audit.searched", AuditEvent.patient_id == cast.patient.id
        )
    ).one()
    assert event.actor == f"account:{cast.administrator.id}"
    assert event.reason == "0"


def export(client: CheckedClient) -> str:
    page = client.get_page(AUDIT)
    (number,) = [number for number, form in enumerate(posted_forms(page)) if form.get("action") == EXPORT]
    answer = client.post(EXPORT, data=fields_of(page, form=number))
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/csv")
    return answer.get_data().decode("utf-8")


def test_an_export_opens_in_a_spreadsheet_and_holds_no_formula(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    evil = make_patient(
        session, cast.service, given_name='=HYPERLINK("http://x","y")', family_name="Ōe, \n“x”"
    )
    record(session, actor_of(cast.receptionist), patient_id=evil.id, reason="@SUM(1)")
    text = export(client)
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    (row,) = [row for row in rows if row["Action"] == "patient.opened"]
    assert row["About whom"] == '\'=HYPERLINK("http://x","y") Ōe, \n“x”'
    for cells in rows:
        for cell in cells.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


def test_exporting_is_in_the_trail(client: CheckedClient, session: Session, cast: Cast) -> None:
    record(session, actor_of(cast.receptionist))
    export(client)
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "audit.exported")).one()
    assert event.reason.isdigit()
    assert event.outcome is EventOutcome.DONE


def test_an_export_asks_for_a_recent_sign_in(client: CheckedClient, session: Session, cast: Cast) -> None:
    record(session, actor_of(cast.receptionist))
    page = client.get_page(AUDIT)
    session.execute(update(BrowserSession).values(proved_at=now() - timedelta(hours=1)))
    session.commit()
    answer = client.post(EXPORT, data=fields_of(page))
    assert answer.status_code != 200
    assert not session.scalars(select(AuditEvent).where(AuditEvent.action == "audit.exported")).all()


def test_an_export_that_is_too_large_asks_for_fewer_days(
    client: CheckedClient, session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_service, "EXPORT_LIMIT", 2)
    for _ in range(3):
        record(session, actor_of(cast.receptionist))
    answer = client.post(EXPORT, data=fields_of(client.get_page(AUDIT)))
    assert answer.status_code == 422
    assert "More than 2 events match" in answer.get_data(as_text=True)


def test_only_administrators_read_the_trail(client: CheckedClient, cast: Cast) -> None:
    for person in (cast.receptionist, cast.clinician):
        sign_in(client, person)
        assert client.get(AUDIT).status_code == 404
        assert client.post(AUDIT).status_code in (400, 404)
        assert client.post(EXPORT).status_code in (400, 404)


def test_nothing_that_was_typed_gets_into_an_address(client: CheckedClient) -> None:
    for form in posted_forms(client.get_page(AUDIT)):
        assert form.get("method") == "post"
        assert form.get("action") in (AUDIT, EXPORT)
    # What is in the address is not looked at.
    assert client.get_page(f"{AUDIT}?patient=eirlys&who=zzz")


def test_today_is_in_the_trail_of_today(client: CheckedClient, session: Session, cast: Cast) -> None:
    record(session, actor_of(cast.receptionist), "note.signed")
    today: date = now().date()
    day = {"day": str(today.day), "month": str(today.month), "year": str(today.year)}
    assert "Signed a note" in rows_in(
        search(client, **{f"first_day-{part}": text for part, text in day.items()})
    )
