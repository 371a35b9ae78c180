"""What becomes of a consultation whose appointment is marked as missed, or was not missed after all."""

from sqlalchemy.orm import Session

from telehealth.booking.domain.appointment import Change
from telehealth.booking.models import Appointment
from telehealth.clock import now
from telehealth.errors import N_, Conflict
from telehealth.video.domain.encounter import OVER, EncounterEvent
from telehealth.video.domain.presence import HERE, ParticipantRole, Presence
from telehealth.video.models import Encounter
from telehealth.video.services.encounters import advance, find_encounter, lock_encounter, mark_queue, touch


def follow_attendance(session: Session, appointment: Appointment, change: Change) -> None:
    """Hook of `booking`. Raises Conflict where somebody who is in the waiting room is to be marked as missing."""
    if change not in (Change.NOSHOW, Change.NOSHOW_UNDONE):
        return
    found = find_encounter(session, appointment.id)
    if found is None:
        return
    encounter = lock_encounter(session, found.id)
    if change is Change.NOSHOW_UNDONE:
        _reopen(session, encounter)
    elif encounter.status not in OVER:
        # Not after the clinician ended it as "not reached": then it is over already.
        _close(session, encounter)


def _close(session: Session, encounter: Encounter) -> None:
    if encounter.participant(ParticipantRole.PATIENT).presence in HERE:
        raise Conflict(
            "patient-here", N_("The patient is in the waiting room. Admit them, or end the consultation.")
        )
    advance(encounter, EncounterEvent.CANCELLED)
    encounter.ended_at = now()
    touch(session, encounter)
    mark_queue(session, encounter)


def _reopen(session: Session, encounter: Encounter) -> None:
    advance(encounter, EncounterEvent.REOPENED)
    encounter.outcome = None
    encounter.started_at = encounter.ended_at = None
    for participant in encounter.participants:
        participant.presence, participant.page = Presence.EXPECTED, None
        participant.present_since = now()
    touch(session, encounter)
