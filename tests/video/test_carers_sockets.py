"""A carer in a room: out within seconds when their authority ends, or the appointment becomes confidential."""

from uuid import UUID

import pytest

from telehealth.accounts.domain.session import Stage
from telehealth.accounts.models import Authority
from telehealth.accounts.services.authorities import revoke_authority
from telehealth.accounts.services.sessions import add_visit, begin_session, find_sign_in
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.services.confidential import set_confidential
from telehealth.video.sockets import room_token
from tests.factories import make_carer, protect
from tests.video.callers import PATIENT, Caller, Clinic, wait_until

pytestmark = pytest.mark.web


def carer_in_room(clinic: Clinic, appointment_id: UUID) -> tuple[Caller, Authority]:
    with clinic.database.transaction() as session:
        authority = make_carer(session, clinic.cast.patient)
        found = find_sign_in(session, begin_session(session, None, Stage.GUEST))
        assert found is not None
        add_visit(
            session,
            found.session_id,
            appointment_id,
            related_person_id=authority.related_person_id,
            patient_id=clinic.cast.patient.id,
        )
    with clinic.app.app_context():
        token = room_token(clinic.encounter(appointment_id), PATIENT, found.actor)
    caller = clinic.connect(token)
    assert caller.join()["ok"]
    return caller, authority


def test_the_participant_is_the_carer(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    _, authority = carer_in_room(clinic, appointment_id)
    assert clinic.participant(appointment_id, PATIENT).related_person_id == authority.related_person_id


@pytest.mark.parametrize("how", ["revoked", "confidential", "protected"])
def test_a_carer_who_may_not_be_there_any_more_is_out(clinic: Clinic, how: str) -> None:
    appointment_id = clinic.book()
    caller, authority = carer_in_room(clinic, appointment_id)
    who = actor_of(clinic.cast.receptionist)
    with clinic.app.app_context(), clinic.database.transaction() as session:
        if how == "revoked":
            revoke_authority(session, who, authority.id, reason="A court order")
        elif how == "confidential":
            version = clinic.appointment(appointment_id).version
            set_confidential(session, who, appointment_id, is_confidential=True, version=version)
        else:
            protect(session, clinic.cast)
    wait_until(lambda: not caller.is_connected, within_s=5)


def test_the_patient_stays_when_a_carer_is_out(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient = clinic.caller(appointment_id, PATIENT)
    assert patient.join()["ok"]
    with clinic.app.app_context(), clinic.database.transaction() as session:
        authority = make_carer(session, clinic.cast.patient)
        revoke_authority(session, actor_of(clinic.cast.receptionist), authority.id, reason="Moved away")
    assert patient.is_connected
    assert patient.send("media", {"audio": "off", "video": "on"}) == {"ok": True}
