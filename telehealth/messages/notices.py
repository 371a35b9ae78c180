"""What accounts have to tell somebody, put into words and into the outbox. `app.py` wires it to their hook."""

from datetime import timedelta

from sqlalchemy.orm import Session

from telehealth.accounts.models import Organisation
from telehealth.accounts.services.notices import Notice
from telehealth.accounts.services.staff import only_service
from telehealth.clock import now
from telehealth.messages.services.outbox import queue_message
from telehealth.messages.texts import notice_text


def queue_notice(session: Session, notice: Notice) -> None:
    """Write it into the outbox, in the language of the page that caused it."""
    # No name of a service: it may tell what somebody is treated for.
    organisation = session.get_one(Organisation, notice.organisation_id)
    service = only_service(session)
    text = notice_text(
        notice.kind,
        notice.channel,
        notice.values,
        sender=organisation.name,
        phone=service.phone if service else "",
    )
    minutes = notice.values.get("minutes")
    queue_message(
        session,
        organisation_id=notice.organisation_id,
        kind=notice.kind.value,
        channel=notice.channel,
        to=notice.to,
        subject=text.subject,
        body=text.body,
        patient_id=notice.patient_id,
        expires_at=now() + timedelta(minutes=int(minutes)) if minutes else None,
    )
