"""Every feature's tables, imported once so that `Base.metadata` knows them all."""

from telehealth.accounts import models as accounts
from telehealth.audit import models as audit
from telehealth.booking import models as booking
from telehealth.clinic import models as clinic
from telehealth.messages import models as messages
from telehealth.notes import models as notes
from telehealth.video import models as video

__all__ = ["accounts", "audit", "booking", "clinic", "messages", "notes", "video"]
