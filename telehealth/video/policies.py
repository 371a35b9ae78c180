"""Who may open a visit, a room and its socket. Which visit: see the services."""

from telehealth.accounts.policies import GUEST, ROOM
from telehealth.guards import Policy

VISIT = GUEST
ROOM_TOKEN = ROOM
PARTICIPANT = Policy("a participant whose room token was checked at connect", lambda _actor: True)
ADMITTED = Policy("an admitted participant, to the other side of the same consultation", lambda _actor: True)
