"""What a page of the room says and learns: join, media, playing, leaving, and the snapshot."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from telehealth.accounts.services.authorities import find_carer
from telehealth.accounts.services.protection import find_protections
from telehealth.accounts.services.sessions import find_sign_in_by_id
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.policies import is_clinician_of, may_visit
from telehealth.booking.services.appointments import change_status, get_appointment
from telehealth.clock import now
from telehealth.db import Database
from telehealth.errors import N_, Conflict, NotFound
from telehealth.video.domain.encounter import OVER, EncounterEvent, EncounterStatus
from telehealth.video.domain.presence import (
    HERE,
    MediaState,
    ParticipantRole,
    Presence,
    PresenceEvent,
)
from telehealth.video.domain.signalling import Join
from telehealth.video.models import Encounter, Participant
from telehealth.video.services.encounters import (
    advance,
    find_encounter,
    lock_encounter,
    mark_clinic_lists,
    mark_queue,
    set_presence,
    touch,
    waiting_encounters,
)
from telehealth.video.services.transport import NoRelay, must_be_relayed


def join_room(
    session: Session, actor: Actor, encounter_id: UUID, role: ParticipantRole, join: Join
) -> Encounter:
    """A page of a participant is here; it replaces an older one. Raises Conflict when the consultation is over."""
    encounter = lock_encounter(session, encounter_id)
    if encounter.status in OVER:
        raise Conflict("encounter-over", N_("This consultation has ended."))
    participant = encounter.participant(role)
    is_first = participant.presence is Presence.EXPECTED
    participant.page = join.page
    participant.audio, participant.video = join.audio, join.video
    if role is ParticipantRole.PATIENT:
        participant.related_person_id = find_carer(session, actor, encounter.appointment_id)
        _patient_arrives(session, actor, encounter, participant)
    else:
        set_presence(participant, PresenceEvent.JOINED_THE_CALL)
    touch(session, encounter)
    if is_first:
        record_event(
            session,
            actor,
            "encounter.joined",
            subject_kind="encounter",
            subject_id=encounter.id,
            organisation_id=encounter.organisation_id,
            reason=role.value,
            patient_id=encounter.appointment.patient_id,
            service_id=encounter.service_id,
        )
    return encounter


def _patient_arrives(session: Session, actor: Actor, encounter: Encounter, participant: Participant) -> None:
    advance(encounter, EncounterEvent.PATIENT_ARRIVED)
    if encounter.status is EncounterStatus.IN_PROGRESS:
        # Admitted once is admitted for good: a reload comes straight back into the call.
        set_presence(participant, PresenceEvent.JOINED_THE_CALL)
        return
    encounter.arrived_at = encounter.arrived_at or now()
    set_presence(participant, PresenceEvent.JOINED_TO_WAIT)
    if encounter.appointment.status is AppointmentStatus.BOOKED:
        change_status(
            session,
            actor,
            encounter.appointment,
            AppointmentStatus.ARRIVED,
            "in the waiting room",
        )


def set_media(
    session: Session,
    encounter_id: UUID,
    role: ParticipantRole,
    page: UUID,
    audio: MediaState,
    video: MediaState,
) -> None:
    """A participant's camera or microphone changed."""
    encounter = lock_encounter(session, encounter_id)
    participant = encounter.participant(role)
    if participant.page != page or (participant.audio, participant.video) == (audio, video):
        return
    participant.audio, participant.video = audio, video
    touch(session, encounter)


def media_plays(session: Session, encounter_id: UUID, role: ParticipantRole, page: UUID) -> None:
    """The other side's picture or sound plays on this page."""
    encounter = lock_encounter(session, encounter_id)
    participant = encounter.participant(role)
    if participant.page != page:
        return
    set_presence(participant, PresenceEvent.MEDIA_PLAYS)
    # Both pages know it already from their own media: only the clinic list is told.
    mark_clinic_lists(session, encounter)


def leave_room(
    session: Session, encounter_id: UUID, role: ParticipantRole, page: UUID, *, on_purpose: bool
) -> None:
    """A page of a participant has gone: on purpose, or its socket was lost. An older page changes nothing."""
    encounter = lock_encounter(session, encounter_id)
    participant = encounter.participant(role)
    if participant.page != page:
        return
    participant.page = None
    set_presence(participant, PresenceEvent.LEFT if on_purpose else PresenceEvent.SOCKET_LOST)
    touch(session, encounter)
    if role is ParticipantRole.PATIENT:
        mark_queue(session, encounter)


def participant_actor(
    database: Database,
    appointment_id: UUID,
    role: ParticipantRole,
    session_id: UUID,
    *,
    page: UUID | None = None,
) -> Actor | None:
    """Who is behind a sign-in, where they may (still) be in the room; None where not: read from the database.

    With `page`: only while that page is still the person's newest one. A sign-in's age does not matter here: a running
    call outlives it, and the page asks for signing in again.
    """
    with database.reading() as session:
        sign_in = find_sign_in_by_id(session, session_id)
        if sign_in is None:
            return None
        try:
            appointment = get_appointment(session, sign_in.actor, appointment_id)
        except NotFound:
            return None
        may_take_part = is_clinician_of if role is ParticipantRole.CLINICIAN else may_visit
        if not may_take_part(sign_in.actor, appointment):
            return None
        if appointment.status in (AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR):
            return None
        carer = find_carer(session, sign_in.actor, appointment_id)
        who = replace(sign_in.actor, related_person_id=carer)
        if page is None:
            return who
        encounter = find_encounter(session, appointment_id)
        is_newest = encounter is not None and encounter.participant(role).page == page
        return who if is_newest else None


def is_relay_only(database: Database, appointment_id: UUID) -> bool:
    """Whether the calls of an appointment must not show an address: those of a protected patient."""
    with database.reading() as session:
        return must_be_relayed(session, appointment_id)


def require_transport(database: Database, appointment_id: UUID, *, has_relay: bool) -> bool:
    """The same; raises NoRelay where it must be relayed and there is no relay."""
    must_relay = is_relay_only(database, appointment_id)
    if must_relay and not has_relay:
        raise NoRelay
    return must_relay


def forget_pages(session: Session) -> None:
    """The process that held the sockets has stopped: whoever is still there joins again."""
    session.execute(
        update(Participant)
        .where(Participant.presence.in_(HERE))
        .values(presence=Presence.LOST, present_since=now(), page=None)
    )


def snapshot(session: Session, encounter_id: UUID, role: ParticipantRole, after_url: str) -> dict[str, Any]:
    """Everything that a page of the room shows; shape in `docs/signalling.md`."""
    encounter = session.get_one(Encounter, encounter_id)
    you, peer = encounter.participant(role), encounter.participant(role.other)
    is_over = encounter.status in OVER
    return {
        "version": encounter.version,
        "status": encounter.status.value,
        "you": {"role": role.value, "presence": you.presence.value},
        "peer": {
            "role": peer.role.value,
            "name": _name_of(session, encounter, peer.role),
            "presence": peer.presence.value,
            "page": str(peer.page) if peer.page else None,
            "media": {"audio": peer.audio.value, "video": peer.video.value},
        },
        "ahead": _count_ahead(session, encounter) if role is ParticipantRole.PATIENT else None,
        "after_url": after_url if is_over else None,
    }


def _count_ahead(session: Session, encounter: Encounter) -> int | None:
    if encounter.status is not EncounterStatus.ARRIVED:
        return None
    waiting = waiting_encounters(session, encounter.appointment)
    return sum(
        1
        for other in waiting
        if other.id != encounter.id and other.appointment.starts_at < encounter.appointment.starts_at
    )


def _name_of(session: Session, encounter: Encounter, role: ParticipantRole) -> str:
    """ "" for a patient whom another service protects: that clinician's page says so instead."""
    appointment = encounter.appointment
    if role is ParticipantRole.CLINICIAN:
        return appointment.clinician_name
    protections = find_protections(session, [appointment.patient_id]).get(appointment.patient_id, [])
    if protections and encounter.service_id not in {each.service_id for each in protections}:
        return ""
    return appointment.patient.display_name
