"""A record that is not one's own, opened in an emergency: with a reason, for an hour, recorded and reviewed."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.session import RECENT_PROOF
from telehealth.accounts.models import BrowserSession
from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.clinic.models import EmergencyAccess
from telehealth.clinic.services.emergency import LASTS, Wanted, grant_access, read_record, review_access
from telehealth.clock import now
from telehealth.errors import InvalidInput, NotFound
from telehealth.notes.services import open_note, sign_note
from telehealth.video.services.encounters import open_encounter
from tests.factories import Cast, make_appointment, make_patient, sign_in
from tests.page_checks import CheckedClient

pytestmark = pytest.mark.web

REASON = "Unconscious in the waiting area, no relative here."
HISTORY = "717121000000105"


@pytest.fixture
def note_text(session: Session, cast: Cast) -> str:
    """A signed note of the cast's patient, by the cast's clinician."""
    who = actor_of(cast.clinician)
    encounter = open_encounter(session, who, make_appointment(session, cast).id)
    note = open_note(session, who, encounter)
    sign_note(session, who, note.id, version=0, sections={HISTORY: "Allergic to penicillin."})
    cast.patient.nhs_number = "9990000018"
    session.commit()
    return "Allergic to penicillin."


def typed(cast: Cast, **changes: str) -> dict[str, str]:
    return {"nhs_number": "999 000 0018", "reason": REASON, **changes}


def prove_long_ago(session: Session) -> None:
    session.execute(
        update(BrowserSession).values(
            proved_at=now() - RECENT_PROOF - timedelta(seconds=1), last_seen_at=now()
        )
    )
    session.commit()


def test_a_colleague_reads_the_notes_and_it_is_remembered(
    client: CheckedClient, session: Session, cast: Cast, note_text: str
) -> None:
    sign_in(client, cast.colleague)
    page = client.submit("/clinic/emergency", typed(cast))
    assert note_text in page
    assert "Each look at this page is recorded" in page
    events = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.action.startswith("emergency-access"))
        .order_by(AuditEvent.recorded_at)
    ).all()
    assert [event.action for event in events] == ["emergency-access.granted", "emergency-access.read"]
    assert {event.patient_id for event in events} == {cast.patient.id}
    assert all(REASON not in event.reason for event in events)


def test_name_and_date_of_birth_find_the_patient_too(
    client: CheckedClient, cast: Cast, note_text: str
) -> None:
    sign_in(client, cast.colleague)
    born = cast.patient.birth_date
    page = client.submit(
        "/clinic/emergency",
        typed(
            cast,
            **{
                "nhs_number": "",
                "family_name": "morgan",
                "birth_date-day": str(born.day),
                "birth_date-month": str(born.month),
                "birth_date-year": str(born.year),
            },
        ),
    )
    assert note_text in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": ""}, "Enter why you need this record now"),
        ({"reason": "because"}, "Enter why you need this record now"),
        ({"nhs_number": ""}, "Enter the NHS number, or the last name"),
        ({"nhs_number": "9990000026"}, "There is no patient with these details"),
        ({"nhs_number": "", "family_name": "Morgan", "birth_date-day": "31"}, "date of birth must"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(
    client: CheckedClient, session: Session, cast: Cast, note_text: str, changes: dict[str, str], words: str
) -> None:
    sign_in(client, cast.colleague)
    page = client.submit("/clinic/emergency", typed(cast, **changes), status=422)
    assert words in page
    assert changes.get("reason", REASON) in page
    assert session.scalars(select(EmergencyAccess)).all() == []


@pytest.mark.parametrize("name", ["Ó Súilleabháin", "ó súilleabháin", "Ó SÚILLEABHÁIN", "o suilleabhain"])
def test_a_name_is_found_however_its_accents_and_capitals_are_typed(
    session: Session, cast: Cast, note_text: str, name: str
) -> None:
    cast.patient.family_name = "Ó Súilleabháin"
    session.flush()
    wanted = Wanted(nhs_number=None, family_name=name, birth_date=cast.patient.birth_date)
    access = grant_access(session, actor_of(cast.colleague), wanted, REASON)
    assert access.patient_id == cast.patient.id


def test_two_patients_of_one_name_and_day_need_the_nhs_number(
    session: Session, cast: Cast, note_text: str
) -> None:
    make_patient(session, cast.service)
    with pytest.raises(InvalidInput, match="More than one patient"):
        grant_access(
            session,
            actor_of(cast.colleague),
            Wanted(nhs_number=None, family_name="Morgan", birth_date=cast.patient.birth_date),
            REASON,
        )


def test_a_recent_sign_in_is_asked_for_before_anything_is_typed(
    client: CheckedClient, session: Session, cast: Cast, note_text: str
) -> None:
    sign_in(client, cast.colleague)
    form = client.get_page("/clinic/emergency")
    prove_long_ago(session)
    answer = client.get("/clinic/emergency")
    assert answer.status_code == 303
    assert "/sign-in/again" in answer.headers["Location"]
    token = form.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    late = client.post("/clinic/emergency", data={"csrf_token": token, **typed(cast)})
    assert late.status_code == 403
    assert REASON in late.get_data(as_text=True)
    assert session.scalars(select(EmergencyAccess)).all() == []


def granted(session: Session, cast: Cast) -> EmergencyAccess:
    wanted = Wanted(nhs_number="9990000018", family_name="", birth_date=None)
    return grant_access(session, actor_of(cast.colleague), wanted, REASON)


def test_it_is_for_that_clinician_and_for_an_hour_alone(session: Session, cast: Cast, note_text: str) -> None:
    access = granted(session, cast)
    assert read_record(session, actor_of(cast.colleague), access.id)[0] is access
    for account in cast.staff():
        if account is not cast.colleague:
            with pytest.raises(NotFound):
                read_record(session, actor_of(account), access.id)
    access.expires_at -= LASTS
    with pytest.raises(NotFound):
        read_record(session, actor_of(cast.colleague), access.id)


def test_another_organisations_patient_is_not_found(session: Session, cast: Cast, note_text: str) -> None:
    wanted = Wanted(nhs_number="9990000018", family_name="", birth_date=None)
    with pytest.raises(InvalidInput, match="no patient"):
        grant_access(session, actor_of(cast.other_organisation_clinician), wanted, REASON)


def test_an_administrator_reviews_it(
    client: CheckedClient, session: Session, cast: Cast, note_text: str
) -> None:
    access = granted(session, cast)
    session.commit()
    sign_in(client, cast.administrator)
    page = client.get_page("/admin/emergency")
    assert REASON in page
    assert "Tomos" in page
    assert "Reviewed" in client.submit("/admin/emergency", {})
    session.refresh(access)
    assert access.reviewed_by == actor_of(cast.administrator).key


def test_nobody_else_reviews(session: Session, cast: Cast, note_text: str) -> None:
    access = granted(session, cast)
    for account in cast.staff():
        if account is not cast.administrator:
            with pytest.raises(NotFound):
                review_access(session, actor_of(account), access.id)


def test_an_empty_list_says_what_will_appear(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.administrator)
    assert "it appears here for review" in client.get_page("/admin/emergency")
