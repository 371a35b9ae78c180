"""Who may act for a patient: one person is recorded once."""

import pytest
from sqlalchemy.orm import Session

from tests.factories import Cast, make_carer

pytestmark = pytest.mark.service


@pytest.mark.parametrize("again", ["Élodie", "élodie", "ÉLODIE"])
def test_a_carer_is_known_again_whatever_capitals_are_typed(session: Session, cast: Cast, again: str) -> None:
    first = make_carer(session, cast.patient, given_name="Élodie")
    second = make_carer(session, cast.other_patient, given_name=again)
    assert second.related_person_id == first.related_person_id


def test_another_name_is_another_person(session: Session, cast: Cast) -> None:
    first = make_carer(session, cast.patient, given_name="Elodie")
    second = make_carer(session, cast.other_patient, given_name="Melodie")
    assert second.related_person_id != first.related_person_id
