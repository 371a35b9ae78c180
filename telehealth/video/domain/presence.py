"""Where a participant is, as far as the service knows, and how their equipment does."""

from collections.abc import Mapping
from enum import StrEnum


class ParticipantRole(StrEnum):
    PATIENT = "patient"
    CLINICIAN = "clinician"

    @property
    def other(self) -> "ParticipantRole":
        return ParticipantRole.CLINICIAN if self is ParticipantRole.PATIENT else ParticipantRole.PATIENT


class Presence(StrEnum):
    EXPECTED = "expected"
    CHECKING = "checking"
    WAITING = "waiting"
    ADMITTED = "admitted"
    CONNECTED = "connected"
    AWAY = "away"
    LOST = "lost"
    LEFT = "left"


class PresenceEvent(StrEnum):
    JOINED_TO_WAIT = "joined-to-wait"
    JOINED_THE_CALL = "joined-the-call"
    ADMITTED = "admitted"
    MEDIA_PLAYS = "media-plays"
    SOCKET_LOST = "socket-lost"
    LEFT = "left"


class MediaState(StrEnum):
    """One of a participant's devices. `busy`: another program uses it; `missing`: there is none."""

    ASKING = "asking"
    ON = "on"
    OFF = "off"
    REFUSED = "refused"
    MISSING = "missing"
    BUSY = "busy"


_ANYWHERE: Mapping[PresenceEvent, Presence] = {
    PresenceEvent.JOINED_TO_WAIT: Presence.WAITING,
    PresenceEvent.JOINED_THE_CALL: Presence.ADMITTED,
    PresenceEvent.LEFT: Presence.LEFT,
}

TRANSITIONS: Mapping[tuple[Presence, PresenceEvent], Presence] = {
    **{(presence, event): after for presence in Presence for event, after in _ANYWHERE.items()},
    (Presence.WAITING, PresenceEvent.ADMITTED): Presence.ADMITTED,
    (Presence.ADMITTED, PresenceEvent.MEDIA_PLAYS): Presence.CONNECTED,
    (Presence.CONNECTED, PresenceEvent.MEDIA_PLAYS): Presence.CONNECTED,
    (Presence.CHECKING, PresenceEvent.SOCKET_LOST): Presence.LOST,
    (Presence.WAITING, PresenceEvent.SOCKET_LOST): Presence.LOST,
    (Presence.ADMITTED, PresenceEvent.SOCKET_LOST): Presence.LOST,
    (Presence.CONNECTED, PresenceEvent.SOCKET_LOST): Presence.LOST,
    (Presence.AWAY, PresenceEvent.SOCKET_LOST): Presence.LOST,
}

HERE = frozenset({Presence.CHECKING, Presence.WAITING, Presence.ADMITTED, Presence.CONNECTED, Presence.AWAY})


def next_presence(presence: Presence, event: PresenceEvent) -> Presence:
    """The presence after `event`; an event without meaning there changes nothing."""
    return TRANSITIONS.get((presence, event), presence)
