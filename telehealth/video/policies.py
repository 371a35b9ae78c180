"""Who may open a visit, a room and its socket. Which visit: `booking.policies.may_visit`."""

from telehealth.accounts.policies import ROOM, VISITOR
from telehealth.guards import Policy

VISIT = VISITOR
ROOM_TOKEN = ROOM
PARTICIPANT = Policy("a participant whose room token was checked at connect", lambda _actor: True)
ADMITTED = Policy("an admitted participant, to the other side of the same consultation", lambda _actor: True)
