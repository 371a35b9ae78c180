"""A clinic of several clinicians: everybody sees the list, and who takes the patient is settled on the day."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, Schedule, SharedClinic
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.attendance import TakenByColleague, take_patient
from telehealth.clinic.services.shared import get_shared, leave_to_clinic, take
from telehealth.clinic.services.today import todays_clinic
from telehealth.clock import now
from telehealth.errors import Conflict, NotFound
from telehealth.topics import clinic_topic, desk_topic, encounter_topic, take_topics
from telehealth.video.domain.encounter import EncounterStatus, Outcome
from telehealth.video.domain.presence import MediaState, ParticipantRole
from telehealth.video.domain.signalling import Join
from telehealth.video.models import Encounter
from telehealth.video.services.encounters import (
    admit_patient,
    end_encounter,
    find_encounter,
    open_encounter,
    waiting_encounters,
)
from telehealth.video.services.room import join_room, snapshot
from tests.clinic.test_clinic_list import words_of
from tests.factories import (
    SLOT,
    Cast,
    guest_of,
    make_appointment,
    make_clinician,
    make_patient,
    make_shared_clinic,
    open_visit,
    sign_in,
    soon,
)
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web

Clinic = tuple[SharedClinic, Schedule]


@pytest.fixture
def clinic(session: Session, cast: Cast) -> Clinic:
    return make_shared_clinic(session, cast)


@pytest.fixture
def appointment(session: Session, cast: Cast, clinic: Clinic) -> Appointment:
    made = book(session, cast, clinic)
    session.commit()
    return made


def book(session: Session, cast: Cast, clinic: Clinic, *, number: int = 0, name: str = "") -> Appointment:
    shared, schedule = clinic
    starts_at = soon() + number * SLOT
    return place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        make_patient(session, cast.service, given_name=name) if name else cast.patient,
        Slot(
            starts_at=starts_at,
            ends_at=starts_at + SLOT,
            schedule_id=schedule.id,
            practitioner_id=None,
            lane_id=shared.lanes[0].id,
        ),
        type_=cast.appointment_type,
        reason="Yearly review",
    )


def arrive(session: Session, appointment: Appointment) -> Encounter:
    encounter = open_encounter(session, guest_of(appointment), appointment.id)
    here = Join(page=uuid4(), audio=MediaState.ON, video=MediaState.ON)
    join_room(session, guest_of(appointment), encounter.id, ParticipantRole.PATIENT, here)
    session.commit()
    return encounter


def test_every_member_has_the_patient_on_their_list(
    client: CheckedClient, cast: Cast, appointment: Appointment
) -> None:
    for account in (cast.clinician, cast.colleague):
        sign_in(client, account)
        page = words_of(client.get_page("/clinic"))
        assert "Eirlys Morgan" in page
        assert "Diabetes clinic: not taken" in page


def test_nobody_else_has(session: Session, cast: Cast, appointment: Appointment) -> None:
    stranger = make_clinician(session, cast.service, "Petra", "Nowak")
    for account in (stranger, cast.other_organisation_clinician):
        assert todays_clinic(session, actor_of(account), now(), "Europe/London") == []
        with pytest.raises(NotFound):
            get_shared(session, actor_of(account), appointment.id)
        with pytest.raises(NotFound):
            take(session, actor_of(account), appointment.id, takes_over=True)


def test_an_own_appointment_is_not_for_taking(session: Session, cast: Cast) -> None:
    own = make_appointment(session, cast)
    with pytest.raises(NotFound):
        take(session, actor_of(cast.clinician), own.id)
    with pytest.raises(NotFound):
        leave_to_clinic(session, actor_of(cast.clinician), own.id)


def test_taking_is_shown_on_both_lists(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    sign_in(client, cast.clinician)
    page = client.get_page("/clinic")
    assert f'id="take-{appointment.id}"' in page
    page = words_of(client.submit("/clinic", form=form_of(page, "/take")))
    assert "Diabetes clinic: with you" in page
    sign_in(client, cast.colleague)
    page = client.get_page("/clinic")
    assert "Diabetes clinic: with Dr Nia Pritchard" in words_of(page)
    assert f'id="take-over-{appointment.id}"' in page
    # No main action: whoever has taken the patient sees them.
    assert f'id="action-{appointment.id}"' not in page


def form_of(page: str, ending: str) -> int:
    return next(
        number for number, form in enumerate(posted_forms(page)) if form.get("action", "").endswith(ending)
    )


def test_giving_back_leaves_the_patient_to_everybody(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    take_patient(session, actor_of(cast.clinician), appointment.id)
    session.commit()
    sign_in(client, cast.clinician)
    page = client.get_page("/clinic")
    page = words_of(client.submit("/clinic", form=form_of(page, "/give-back")))
    assert "Diabetes clinic: not taken" in page


def test_admitting_takes_the_patient(session: Session, cast: Cast, appointment: Appointment) -> None:
    arrive(session, appointment)
    admit_patient(session, actor_of(cast.colleague), appointment.id)
    assert appointment.practitioner_id == cast.colleague.practitioner_id


def test_of_two_who_admit_the_second_is_told_who_took_the_patient(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    arrive(session, appointment)
    sign_in(client, cast.clinician)
    page = client.get_page("/clinic")
    number = form_of(page, "/admit")
    admit_patient(session, actor_of(cast.colleague), appointment.id)
    session.commit()
    answer = client.post(
        f"/clinic/appointments/{appointment.id}/admit",
        data=fields_of(page, form=number),
        follow_redirects=True,
    )
    assert answer.status_code == 409
    assert "Dr Tomos Rees has taken this patient" in answer.text
    assert "Morgan" not in answer.text
    assert appointment.practitioner_id == cast.colleague.practitioner_id


def test_whoever_has_the_page_open_is_led_to_who_took_the_patient(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    sign_in(client, cast.clinician)
    assert "Eirlys" in client.get_page(f"/clinic/consultations/{appointment.id}")
    take_patient(session, actor_of(cast.colleague), appointment.id)
    session.commit()
    page = client.get_page(f"/clinic/consultations/{appointment.id}")
    assert "Dr Tomos Rees has taken this patient" in page
    # The script that follows the consultation learns nothing.
    answer = client.get(f"/clinic/consultations/{appointment.id}", headers={"X-Background": "1"})
    assert answer.status_code == 404


def test_taking_over_is_asked_first(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    take_patient(session, actor_of(cast.colleague), appointment.id)
    session.commit()
    sign_in(client, cast.clinician)
    plain = client.post(
        f"/clinic/appointments/{appointment.id}/take", data=fields_of(client.get_page("/account"))
    )
    assert plain.status_code in (400, 409)
    page = client.submit(f"/clinic/appointments/{appointment.id}/take-over")
    assert "Diabetes clinic: with you" in words_of(page)
    session.refresh(appointment)
    with pytest.raises(NotFound):
        open_encounter(session, actor_of(cast.colleague), appointment.id)


def test_without_asking_nobody_takes_over(session: Session, cast: Cast, appointment: Appointment) -> None:
    take(session, actor_of(cast.colleague), appointment.id)
    with pytest.raises(TakenByColleague) as refused:
        take(session, actor_of(cast.clinician), appointment.id)
    assert refused.value.params == {"name": "Dr Tomos Rees"}


def test_a_patient_who_was_admitted_is_not_given_back(
    session: Session, cast: Cast, appointment: Appointment
) -> None:
    arrive(session, appointment)
    admit_patient(session, actor_of(cast.clinician), appointment.id)
    with pytest.raises(Conflict):
        leave_to_clinic(session, actor_of(cast.clinician), appointment.id)


def test_who_ends_it_took_the_patient_and_nobody_takes_over_afterwards(
    session: Session, cast: Cast, appointment: Appointment
) -> None:
    end_encounter(session, actor_of(cast.colleague), appointment.id, outcome=Outcome.PHONE, next_steps="")
    assert appointment.practitioner_id == cast.colleague.practitioner_id
    assert appointment.status is AppointmentStatus.FULFILLED
    with pytest.raises(Conflict):
        take(session, actor_of(cast.clinician), appointment.id, takes_over=True)
    encounter = find_encounter(session, appointment.id)
    assert encounter is not None
    assert encounter.status is EncounterStatus.FINISHED


def test_what_happens_reaches_the_lists_of_all_members(
    session: Session, cast: Cast, appointment: Appointment
) -> None:
    assert cast.colleague.practitioner_id
    lists = {clinic_topic(cast.practitioner_id), clinic_topic(cast.colleague.practitioner_id)}
    take_topics(session)
    arrive(session, appointment)
    assert lists <= take_topics(session)
    take(session, actor_of(cast.colleague), appointment.id)
    assert {*lists, desk_topic(cast.service.id)} <= take_topics(session)


def test_a_shared_clinic_has_one_queue(session: Session, cast: Cast, clinic: Clinic) -> None:
    first, second = (
        book(session, cast, clinic, number=number, name=name) for number, name in enumerate(("Ann", "Bea"))
    )
    own = make_appointment(session, cast, patient=make_patient(session, cast.service, given_name="Cai"))
    waiting = [arrive(session, each) for each in (first, second, own)]
    assert [each.appointment_id for each in waiting_encounters(session, first)] == [first.id, second.id]
    assert [each.appointment_id for each in waiting_encounters(session, own)] == [own.id]
    ahead = snapshot(session, waiting[1].id, ParticipantRole.PATIENT, "/after")
    assert (ahead["ahead"], ahead["peer"]["name"]) == (1, "Diabetes clinic")
    take_topics(session)
    admit_patient(session, actor_of(cast.colleague), first.id)
    assert encounter_topic(waiting[1].id) in take_topics(session)
    ahead = snapshot(session, waiting[1].id, ParticipantRole.PATIENT, "/after")
    assert ahead["ahead"] == 0


def test_whom_a_colleague_has_taken_is_not_admitted_next(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    arrive(session, appointment)
    take_patient(session, actor_of(cast.colleague), appointment.id)
    session.commit()
    sign_in(client, cast.clinician)
    page = client.get_page("/clinic")
    assert 'id="admit-next"' not in page
    assert "Nobody is waiting" in words_of(page)


def test_the_patient_reads_the_clinics_name_until_somebody_takes_them(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    open_visit(client, appointment)
    assert "Diabetes clinic" in client.get_page(f"/visits/{appointment.id}")
    assert client.get(f"/visits/{appointment.id}/room").status_code == 200
    take_patient(session, actor_of(cast.clinician), appointment.id)
    session.commit()
    assert "Dr Nia Pritchard" in client.get_page(f"/visits/{appointment.id}")


def test_each_member_writes_a_note_of_their_own(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    """Two opened the consultation before one took the patient: neither reads the other's draft."""
    sign_in(client, cast.clinician)
    first = client.get_page(f"/clinic/consultations/{appointment.id}")
    sign_in(client, cast.colleague)
    second = client.get_page(f"/clinic/consultations/{appointment.id}")
    address = 'data-autosave-url="'
    assert first.split(address)[1].split('"')[0] != second.split(address)[1].split('"')[0]


def test_tomorrows_patients_of_the_clinic_are_not_on_todays_list(
    session: Session, cast: Cast, clinic: Clinic
) -> None:
    shared, schedule = clinic
    starts_at = soon() + timedelta(days=2)
    place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        cast.patient,
        Slot(
            starts_at=starts_at,
            ends_at=starts_at + SLOT,
            schedule_id=schedule.id,
            practitioner_id=None,
            lane_id=shared.lanes[0].id,
        ),
    )
    assert todays_clinic(session, actor_of(cast.clinician), now(), "Europe/London") == []
