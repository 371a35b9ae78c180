"""The consultation as one state machine. Status codes are FHIR R4 EncounterStatus."""

from collections.abc import Mapping
from enum import StrEnum


class EncounterStatus(StrEnum):
    PLANNED = "planned"
    ARRIVED = "arrived"
    IN_PROGRESS = "in-progress"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class EncounterEvent(StrEnum):
    PATIENT_ARRIVED = "patient-arrived"
    ADMITTED = "admitted"
    ENDED = "ended"
    CANCELLED = "cancelled"
    REOPENED = "reopened"  # the patient was not missing after all


class Outcome(StrEnum):
    """How a consultation ended. Every one ends with an outcome. Our own code set."""

    COMPLETED = "completed"
    PHONE = "phone"
    FACE_TO_FACE = "face-to-face"
    NOT_REACHED = "not-reached"


# A pair that is missing here is refused. Arriving and admitting may be repeated: people reload and double-click.
TRANSITIONS: Mapping[tuple[EncounterStatus, EncounterEvent], EncounterStatus] = {
    (EncounterStatus.PLANNED, EncounterEvent.PATIENT_ARRIVED): EncounterStatus.ARRIVED,
    (EncounterStatus.PLANNED, EncounterEvent.ENDED): EncounterStatus.FINISHED,
    (EncounterStatus.PLANNED, EncounterEvent.CANCELLED): EncounterStatus.CANCELLED,
    (EncounterStatus.ARRIVED, EncounterEvent.PATIENT_ARRIVED): EncounterStatus.ARRIVED,
    (EncounterStatus.ARRIVED, EncounterEvent.ADMITTED): EncounterStatus.IN_PROGRESS,
    (EncounterStatus.ARRIVED, EncounterEvent.ENDED): EncounterStatus.FINISHED,
    (EncounterStatus.ARRIVED, EncounterEvent.CANCELLED): EncounterStatus.CANCELLED,
    (EncounterStatus.IN_PROGRESS, EncounterEvent.PATIENT_ARRIVED): EncounterStatus.IN_PROGRESS,
    (EncounterStatus.IN_PROGRESS, EncounterEvent.ADMITTED): EncounterStatus.IN_PROGRESS,
    (EncounterStatus.IN_PROGRESS, EncounterEvent.ENDED): EncounterStatus.FINISHED,
    (EncounterStatus.IN_PROGRESS, EncounterEvent.CANCELLED): EncounterStatus.CANCELLED,
    (EncounterStatus.FINISHED, EncounterEvent.REOPENED): EncounterStatus.PLANNED,
    (EncounterStatus.CANCELLED, EncounterEvent.REOPENED): EncounterStatus.PLANNED,
    (EncounterStatus.PLANNED, EncounterEvent.REOPENED): EncounterStatus.PLANNED,
}

OVER = frozenset({EncounterStatus.FINISHED, EncounterStatus.CANCELLED})


def next_status(status: EncounterStatus, event: EncounterEvent) -> EncounterStatus | None:
    """The status after `event`, or None where the event is refused."""
    return TRANSITIONS.get((status, event))
