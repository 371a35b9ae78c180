"""What a page of the room says and learns: join, media, playing, leaving, and the snapshot."""

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of, load_account
from telehealth.actor import Actor, ActorKind, guest
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.services.appointments import change_status, get_appointment, is_clinician_of
from telehealth.clock import now
from telehealth.db import Database
from telehealth.errors import N_, Conflict, NotFound
from telehealth.topics import clinic_topic, mark_topic
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
    mark_queue,
    set_presence,
    touch,
    waiting_encounters,
)


def join_room(session: Session, encounter_id: UUID, role: ParticipantRole, join: Join) -> Encounter:
    """A page of a participant is here; it replaces an older one. Raises Conflict when the consultation is over."""
    encounter = lock_encounter(session, encounter_id)
    if encounter.status in OVER:
        raise Conflict("encounter-over", N_("This consultation has ended."))
    participant = encounter.participant(role)
    is_first = participant.presence is Presence.EXPECTED
    participant.page = join.page
    participant.audio, participant.video = join.audio, join.video
    if role is ParticipantRole.PATIENT:
        _patient_arrives(session, encounter, participant)
    else:
        set_presence(participant, PresenceEvent.JOINED_THE_CALL)
    touch(session, encounter)
    if is_first:
        record_event(
            session,
            _actor_of(encounter, role),
            "encounter.joined",
            subject_kind="encounter",
            subject_id=encounter.id,
            reason=role.value,
        )
    return encounter


def _patient_arrives(session: Session, encounter: Encounter, participant: Participant) -> None:
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
            _actor_of(encounter, ParticipantRole.PATIENT),
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
    mark_topic(session, clinic_topic(encounter.appointment.practitioner_id))


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


def is_participant(
    database: Database,
    appointment_id: UUID,
    role: ParticipantRole,
    account_id: UUID | None,
    *,
    page: UUID | None = None,
) -> bool:
    """Whether this person may (still) be in the room: read from the database, for the socket's table.

    With `page`: and whether that page is still the person's newest one.
    """
    with database.reading() as session:
        if role is ParticipantRole.CLINICIAN:
            account = load_account(session, account_id) if account_id else None
            if account is None:
                return False
            actor = actor_of(account)
        else:
            actor = guest([appointment_id])
        try:
            appointment = get_appointment(session, actor, appointment_id)
        except NotFound:
            return False
        if role is ParticipantRole.CLINICIAN and not is_clinician_of(actor, appointment):
            return False
        if appointment.status in (AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR):
            return False
        if page is None:
            return True
        encounter = find_encounter(session, appointment_id)
        return encounter is not None and encounter.participant(role).page == page


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
            "name": _name_of(encounter, peer.role),
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
    waiting = waiting_encounters(session, encounter.appointment.practitioner_id)
    return sum(
        1
        for other in waiting
        if other.id != encounter.id and other.appointment.starts_at < encounter.appointment.starts_at
    )


def _name_of(encounter: Encounter, role: ParticipantRole) -> str:
    appointment = encounter.appointment
    person = appointment.patient if role is ParticipantRole.PATIENT else appointment.practitioner
    return person.display_name


def _actor_of(encounter: Encounter, role: ParticipantRole) -> Actor:
    """Who acts through a socket: its token said so when it connected."""
    appointment = encounter.appointment
    if role is ParticipantRole.PATIENT:
        return Actor(
            kind=ActorKind.GUEST,
            organisation_id=encounter.organisation_id,
            appointment_ids=frozenset({appointment.id}),
        )
    return Actor(
        kind=ActorKind.STAFF,
        organisation_id=encounter.organisation_id,
        practitioner_id=appointment.practitioner_id,
        display_name=appointment.practitioner.display_name,
    )
