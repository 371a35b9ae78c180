"""The consultation's life: begin, admit, end. Each change raises the version and marks the pages to tell."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload

from telehealth.actor import Actor, system
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment import JOIN_OPENS_BEFORE, AppointmentStatus, may_have_seen
from telehealth.booking.domain.follow_up import FollowUpReason, SeeAgain
from telehealth.booking.models import Appointment, Lane
from telehealth.booking.policies import is_clinician_of, may_visit
from telehealth.booking.services.appointments import change_status, get_appointment
from telehealth.booking.services.attendance import take_patient
from telehealth.booking.services.follow_ups import make_follow_up, refine_follow_up
from telehealth.clock import now
from telehealth.errors import N_, Conflict, InvalidInput, NotFound
from telehealth.topics import clinic_topic, encounter_topic, mark_topic
from telehealth.video.domain.encounter import EncounterEvent, EncounterStatus, Outcome, next_status
from telehealth.video.domain.presence import (
    ParticipantRole,
    Presence,
    PresenceEvent,
    next_presence,
)
from telehealth.video.models import Encounter, Participant

MAX_NEXT_STEPS = 2000
NOT_TAKING_PLACE = (
    AppointmentStatus.CANCELLED,
    AppointmentStatus.ENTERED_IN_ERROR,
    AppointmentStatus.NOSHOW,
)


def find_encounter(session: Session, appointment_id: UUID) -> Encounter | None:
    """The encounter of an appointment with its participants, or None before anybody came."""
    return session.scalar(select(Encounter).where(Encounter.appointment_id == appointment_id))


def find_encounters(session: Session, appointment_ids: list[UUID]) -> dict[UUID, Encounter]:
    """Encounters by appointment."""
    found = session.scalars(select(Encounter).where(Encounter.appointment_id.in_(appointment_ids)))
    return {encounter.appointment_id: encounter for encounter in found}


def lock_encounter(session: Session, encounter_id: UUID) -> Encounter:
    """An encounter that nobody else changes until this transaction ends. Raises NotFound.

    Everybody locks the appointment first, then the encounter: two orders would wait for each other.
    """
    session.scalar(
        select(Appointment.id)
        .join(Encounter, Encounter.appointment_id == Appointment.id)
        .where(Encounter.id == encounter_id)
        .with_for_update(of=Appointment)
    )
    encounter = session.scalar(
        select(Encounter)
        .where(Encounter.id == encounter_id)
        .options(joinedload(Encounter.appointment).joinedload(Appointment.patient))
        .with_for_update(of=Encounter)
        .execution_options(populate_existing=True)
    )
    if encounter is None:
        raise NotFound
    return encounter


def open_encounter(session: Session, actor: Actor, appointment_id: UUID) -> Encounter:
    """The encounter of an appointment that the actor takes part in, made when it is first needed."""
    appointment = get_appointment(session, actor, appointment_id)
    if not may_visit(actor, appointment) and not is_clinician_of(actor, appointment):
        raise NotFound
    # Two people may open it at the same moment: the appointment's row decides who makes it.
    session.scalar(select(Appointment.id).where(Appointment.id == appointment_id).with_for_update())
    encounter = find_encounter(session, appointment_id)
    if encounter is None:
        is_cancelled = appointment.status in NOT_TAKING_PLACE
        encounter = Encounter(
            organisation_id=appointment.organisation_id,
            service_id=appointment.service_id,
            appointment=appointment,
            status=EncounterStatus.CANCELLED if is_cancelled else EncounterStatus.PLANNED,
            participants=[
                Participant(
                    organisation_id=appointment.organisation_id,
                    role=role,
                    presence=Presence.EXPECTED,
                    present_since=now(),
                )
                for role in ParticipantRole
            ],
        )
        session.add(encounter)
        session.flush()
    return encounter


def admit_patient(session: Session, actor: Actor, appointment_id: UUID) -> Encounter:
    """Let the waiting patient in.

    Raises Conflict where nobody waits, TakenByColleague in a shared clinic, NotFound for a stranger.
    """
    # In a shared clinic, who admits a patient takes them; a colleague who was faster is named.
    appointment = take_patient(session, actor, appointment_id)
    if not is_clinician_of(actor, appointment):
        raise NotFound
    found = find_encounter(session, appointment_id)
    if found is None:
        raise Conflict("nobody-waits", N_("The patient is not in the waiting room yet."))
    encounter = lock_encounter(session, found.id)
    if encounter.status is EncounterStatus.IN_PROGRESS:
        return encounter
    advance(encounter, EncounterEvent.ADMITTED)
    encounter.started_at = now()
    set_presence(encounter.participant(ParticipantRole.PATIENT), PresenceEvent.ADMITTED)
    touch(session, encounter)
    mark_queue(session, encounter)
    record_event(
        session,
        actor,
        "encounter.admitted",
        subject_kind="encounter",
        subject_id=encounter.id,
        patient_id=appointment.patient_id,
        service_id=appointment.service_id,
    )
    return encounter


def end_encounter(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    *,
    outcome: Outcome,
    next_steps: str,
    see_again: SeeAgain | None = None,
) -> Encounter:
    """End the consultation with its outcome, and ask for what must follow. Raises Conflict where it is over or on another day.

    Who ends it in a shared clinic took the patient. Who was not reached or must be seen in person is asked for
    whatever `see_again` says.
    """
    if len(next_steps) > MAX_NEXT_STEPS:
        raise InvalidInput(
            "next-steps-long",
            N_("Shorten what happens next to 2,000 characters or fewer."),
            field="next_steps",
        )
    if not is_clinician_of(actor, take_patient(session, actor, appointment_id)):
        raise NotFound
    opened = open_encounter(session, actor, appointment_id)
    encounter = lock_encounter(session, opened.id)
    _refuse_early(encounter.appointment, outcome)
    advance(encounter, EncounterEvent.ENDED)
    encounter.outcome = outcome
    encounter.next_steps = next_steps.strip()
    encounter.ended_at = now()
    for participant in encounter.participants:
        set_presence(participant, PresenceEvent.LEFT)
        participant.page = None
    change_status(
        session,
        actor,
        encounter.appointment,
        AppointmentStatus.NOSHOW if outcome is Outcome.NOT_REACHED else AppointmentStatus.FULFILLED,
        f"consultation ended: {outcome.value}",
        follow_up=FollowUpReason.NOT_REACHED if outcome is Outcome.NOT_REACHED else None,
    )
    _ask_to_follow_up(session, actor, encounter.appointment, outcome, see_again)
    touch(session, encounter)
    mark_queue(session, encounter)
    record_event(
        session,
        actor,
        "encounter.ended",
        subject_kind="encounter",
        subject_id=encounter.id,
        reason=outcome.value,
        patient_id=encounter.appointment.patient_id,
        service_id=encounter.service_id,
    )
    return encounter


def _refuse_early(appointment: Appointment, outcome: Outcome) -> None:
    """An appointment of next week that is ended today is lost to everybody: the patient, and who wants its time."""
    starts_at, current = appointment.starts_at, now()
    if not may_have_seen(starts_at, current, ZoneInfo(appointment.service.time_zone)):
        raise Conflict(
            "another-day",
            N_("This appointment is on another day. Reception can move it to today, or cancel it."),
        )
    if outcome is Outcome.NOT_REACHED and current < starts_at - JOIN_OPENS_BEFORE:
        raise Conflict(
            "not-begun",
            N_("The appointment has not begun. Nobody can say yet that they cannot be reached."),
        )


def _ask_to_follow_up(
    session: Session, actor: Actor, appointment: Appointment, outcome: Outcome, see_again: SeeAgain | None
) -> None:
    if outcome is Outcome.NOT_REACHED:
        # `change_status` has asked for it: what the clinician chose says more exactly how and when.
        if see_again is not None:
            refine_follow_up(session, appointment, FollowUpReason.NOT_REACHED, see_again)
        return
    if see_again is None and outcome is not Outcome.FACE_TO_FACE:
        return
    wanted = see_again or SeeAgain()
    make_follow_up(
        session,
        actor,
        appointment,
        FollowUpReason.SEE_AGAIN,
        note=wanted.note,
        see_by=wanted.see_by,
        owner_id=actor.practitioner_id,
    )


def cancel_encounter(session: Session, appointment: Appointment) -> None:
    """The appointment was cancelled: whoever waits for it is told (hook of `booking`)."""
    found = find_encounter(session, appointment.id)
    if found is None:
        return
    encounter = lock_encounter(session, found.id)
    advance(encounter, EncounterEvent.CANCELLED)
    encounter.ended_at = now()
    touch(session, encounter)
    mark_queue(session, encounter)
    record_event(
        session,
        system(encounter.organisation_id),
        "encounter.cancelled",
        subject_kind="encounter",
        subject_id=encounter.id,
        patient_id=appointment.patient_id,
        service_id=appointment.service_id,
    )


def advance(encounter: Encounter, event: EncounterEvent) -> None:
    """Apply an event to the state machine. Raises Conflict where it is refused."""
    status = next_status(encounter.status, event)
    if status is None:
        raise Conflict(
            "encounter-state",
            N_("The consultation has moved on meanwhile. Reload the page to see where it is."),
        )
    encounter.status = status


def set_presence(participant: Participant, event: PresenceEvent) -> None:
    presence = next_presence(participant.presence, event)
    if presence is not participant.presence:
        participant.presence = presence
        participant.present_since = now()


def touch(session: Session, encounter: Encounter) -> None:
    """Raise the version, and tell the pages of the consultation and of the clinician's list."""
    encounter.version += 1
    mark_topic(session, encounter_topic(encounter.id))
    mark_clinic_lists(session, encounter)


def mark_clinic_lists(session: Session, encounter: Encounter) -> None:
    """The lists of its clinician, or of everybody who sits in its shared clinic, are out of date."""
    appointment = encounter.appointment
    for practitioner_id in (*appointment.clinician_ids, appointment.practitioner_id):
        if practitioner_id is not None:
            mark_topic(session, clinic_topic(practitioner_id))


def mark_queue(session: Session, encounter: Encounter) -> None:
    """Those who still wait in the same queue have moved up."""
    for waiting in waiting_encounters(session, encounter.appointment):
        if waiting.id != encounter.id:
            mark_topic(session, encounter_topic(waiting.id))


def waiting_encounters(session: Session, appointment: Appointment) -> list[Encounter]:
    """Encounters whose patient waits in the same queue as that of `appointment`, in order of appointment.

    A shared clinic has one queue, whoever takes the patients; otherwise each clinician has one.
    """
    if appointment.lane is not None:
        same_clinic = select(Lane.id).where(Lane.shared_clinic_id == appointment.lane.shared_clinic_id)
        is_same_queue: ColumnElement[bool] = Appointment.lane_id.in_(same_clinic)
    else:
        is_same_queue = Appointment.practitioner_id == appointment.practitioner_id
    return list(
        session.scalars(
            select(Encounter)
            .join(Appointment, Appointment.id == Encounter.appointment_id)
            .join(Participant, Participant.encounter_id == Encounter.id)
            .where(
                is_same_queue,
                Encounter.status == EncounterStatus.ARRIVED,
                Participant.role == ParticipantRole.PATIENT,
                Participant.presence == Presence.WAITING,
            )
            .order_by(Appointment.starts_at)
        )
    )
