"""What the list of staff says about each account."""

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.domain.session import Stage
from telehealth.accounts.models import AuthenticatorApp
from telehealth.accounts.services.sessions import begin_session
from telehealth.admin.services.overview import find_use
from telehealth.clock import now
from tests.factories import Cast, email_of, sign_in
from tests.page_checks import CheckedClient

pytestmark = pytest.mark.web


def line_of(page: str, email: str) -> str:
    """The list's entry with this e-mail, without its line breaks."""
    return " ".join(page.split(email, 1)[1].split("</li>", 1)[0].split())


def test_each_entry_says_whether_and_how_somebody_signs_in(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    cast.colleague.password_hash = None
    cast.other_service_receptionist.is_active = False
    session.add(AuthenticatorApp(account_id=cast.clinician.id, created_at=now(), confirmed_at=now()))
    # Scanned, but no code of it was ever right.
    session.add(AuthenticatorApp(account_id=cast.receptionist.id, created_at=now()))
    begin_session(session, cast.clinician, Stage.SIGNED_IN)
    session.commit()
    sign_in(client, cast.administrator)
    page = client.get_page("/admin/staff")

    clinician = line_of(page, email_of(cast.clinician))
    assert "Can sign in." in clinician
    assert "Last used" in clinician
    assert "No second step" not in clinician
    receptionist = line_of(page, email_of(cast.receptionist))
    assert "Can sign in. No second step yet." in receptionist
    assert "Last used" not in receptionist
    assert "Has not chosen a password yet." in line_of(page, email_of(cast.colleague))
    disabled = line_of(page, email_of(cast.other_service_receptionist))
    assert "Disabled." in disabled
    assert "No second step" not in disabled


def test_a_password_without_its_second_factor_is_no_use(session: Session, cast: Cast) -> None:
    begin_session(session, cast.receptionist, Stage.SECOND_FACTOR)
    found = find_use(session, [cast.receptionist.id])
    assert found[cast.receptionist.id].last_seen_at is None
