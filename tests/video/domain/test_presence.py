import pytest

from telehealth.video.domain.presence import HERE, Presence, PresenceEvent, next_presence

pytestmark = pytest.mark.domain


@pytest.mark.parametrize("presence", Presence)
def test_joining_works_from_anywhere(presence: Presence) -> None:
    assert next_presence(presence, PresenceEvent.JOINED_TO_WAIT) is Presence.WAITING
    assert next_presence(presence, PresenceEvent.JOINED_THE_CALL) is Presence.ADMITTED


@pytest.mark.parametrize("presence", sorted(HERE))
def test_whoever_is_here_can_be_lost(presence: Presence) -> None:
    assert next_presence(presence, PresenceEvent.SOCKET_LOST) is Presence.LOST


def test_a_socket_that_closes_after_leaving_is_no_loss() -> None:
    assert next_presence(Presence.LEFT, PresenceEvent.SOCKET_LOST) is Presence.LEFT


def test_media_that_plays_admits_nobody() -> None:
    assert next_presence(Presence.WAITING, PresenceEvent.MEDIA_PLAYS) is Presence.WAITING
