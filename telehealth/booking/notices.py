"""Tells patients that an appointment was booked, confirmed, moved or cancelled. `app.py` wires it to the changes.

Somebody else may read it on a locked phone: no name, no clinician, no service, no reason.
"""

from collections.abc import Sequence

import structlog
from flask import has_request_context
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import ContactKind, Organisation
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason, Change, Mode
from telehealth.booking.join_addresses import join_address
from telehealth.booking.models import Appointment
from telehealth.booking.services.history import find_cancel_reason, find_last_change
from telehealth.booking.services.links import make_link
from telehealth.booking.services.notices import Recipient, find_recipient
from telehealth.booking.services.own_rules import refuse_change, refuse_move
from telehealth.booking.services.protection import find_addressee
from telehealth.dates import instant_text
from telehealth.messages.services.outbox import find_way, queue_message
from telehealth.messages.texts import letter_text
from telehealth.sealing import KeyMissing, SealBroken

log = structlog.get_logger()


def queue_appointment_notice(session: Session, appointment: Appointment, change: Change) -> None:
    """Write it into the outbox, in this transaction and in the language of the page that caused it.

    A contact that cannot be read stops nobody's booking: it is logged.
    """
    if change is Change.BOOKED and appointment.series_id is not None:
        # Told of all of them at once: `queue_series_notice`.
        return
    recipient = _recipient(session, appointment, change)
    if recipient is not None:
        subject, lines = _words(session, appointment, change)
        _queue(session, [appointment], change, recipient, subject, lines)


def find_notice_way(session: Session, appointment: Appointment, change: Change) -> ContactKind | None:
    """By which way the patient is told now of what was changed last; None: by none, or later."""
    changed_at = find_last_change(session, appointment, change)
    if changed_at is None:
        return None
    patient = find_addressee(session, appointment)
    return find_way(session, patient_id=patient.id, kind=_kind_of(change), since=changed_at)


def queue_series_notice(session: Session, booked: Sequence[Appointment]) -> None:
    """The same for a series, in order of time: one message with all dates."""
    recipient = _recipient(session, booked[0], Change.BOOKED)
    if recipient is not None:
        subject, lines = _series_words(session, booked)
        _queue(session, booked, Change.BOOKED, recipient, subject, lines)


def _recipient(session: Session, appointment: Appointment, change: Change) -> Recipient | None:
    if not has_request_context():
        # The demo's people, and other work that no page asked for.
        return None
    try:
        return find_recipient(session, appointment, change)
    except (SealBroken, KeyMissing) as error:
        log.warning("patient-not-told", appointment_id=str(appointment.id), error=type(error).__name__)
        return None


def _queue(
    session: Session,
    appointments: Sequence[Appointment],
    change: Change,
    recipient: Recipient,
    subject: str,
    lines: Sequence[str],
) -> None:
    service = appointments[0].service
    text = letter_text(
        subject,
        lines,
        recipient.channel,
        sender=session.get_one(Organisation, service.organisation_id).name,
        # The number of a restricted service tells what somebody is treated for.
        phone="" if service.is_restricted else service.phone,
    )
    queue_message(
        session,
        organisation_id=service.organisation_id,
        kind=_kind_of(change),
        channel=recipient.channel,
        to=recipient.to,
        subject=text.subject,
        body=text.body,
        patient_id=recipient.patient.id,
        expires_at=appointments[-1].ends_at,
    )


def _kind_of(change: Change) -> str:
    return f"appointment-{change.value}"


def _words(session: Session, appointment: Appointment, change: Change) -> tuple[str, list[str]]:
    """The subject, and the lines before whom to call."""
    when = instant_text(appointment.starts_at, appointment.service.time_zone)
    reference = gettext("Your reference is %(reference)s.", reference=appointment.reference)
    if change is Change.ASKED:
        return gettext("We have your request"), [
            gettext("You asked for an appointment on %(when)s. We keep the time for you.", when=when),
            gettext("We check your details and then confirm it. We may call you."),
            reference,
        ]
    if change is Change.CANCELLED:
        return gettext("Your appointment is cancelled"), [
            gettext("Your appointment on %(when)s is cancelled.", when=when),
            _after_cancelling(session, appointment),
            reference,
        ]
    if change is Change.MOVED:
        subject = gettext("Your appointment is moved")
        first = gettext("Your appointment is now on %(when)s.", when=when)
    elif change is Change.CONFIRMED:
        subject = gettext("Your appointment is confirmed")
        first = gettext("Your appointment on %(when)s is confirmed.", when=when)
    else:
        subject = gettext("Your appointment is booked")
        first = gettext("Your appointment is on %(when)s.", when=when)
    how = _how(appointment.mode)
    if appointment.status is AppointmentStatus.PENDING:
        # Moved before anybody knows who asked for it: no way in yet.
        return subject, [
            first,
            gettext("We check your details and then confirm it. We may call you."),
            reference,
        ]
    return subject, [
        first,
        how,
        reference,
        "",
        *_what_the_link_does(appointment),
        join_address(make_link(session, appointment)),
    ]


def _after_cancelling(session: Session, appointment: Appointment) -> str:
    if find_cancel_reason(session, appointment) is CancelReason.NOT_NEEDED:
        return gettext(
            "We understand that you do not need it any more. "
            "Call us if that changes, or if you did not expect this."
        )
    return gettext("We will still make sure that you are seen. Call us if you did not expect this.")


def _what_the_link_does(appointment: Appointment) -> list[str]:
    """Only what the patient may still do, the moment they read it: a booking for today may be too late to change."""
    refusal, service = refuse_change(appointment), appointment.service
    if refusal is not None:
        too_late = gettext("It is too late to move or cancel it online. To do that, call us.")
        if service.phone and not service.is_restricted:
            too_late = gettext(
                "It is too late to move or cancel it online. To do that, call %(phone)s.", phone=service.phone
            )
        return [too_late, "", gettext("See it with this link. We ask for your date of birth:")]
    if refuse_move(appointment) is not None:
        return [gettext("See or cancel it with this link. We ask for your date of birth:")]
    return [gettext("See, move or cancel it with this link. We ask for your date of birth:")]


def _series_words(session: Session, booked: Sequence[Appointment]) -> tuple[str, list[str]]:
    lines = [gettext("Your appointments are on:")]
    for appointment in booked:
        lines += [
            "",
            instant_text(appointment.starts_at, appointment.service.time_zone),
            gettext("Your reference is %(reference)s.", reference=appointment.reference),
            join_address(make_link(session, appointment)),
        ]
        if refuse_change(appointment) is not None:
            lines.append(gettext("It is too late to move or cancel this one online. To do that, call us."))
    return gettext("Your appointments are booked"), [
        *lines,
        "",
        _how(booked[0].mode),
        gettext("See, move or cancel each of them with its link. We ask for your date of birth."),
    ]


def _how(mode: Mode) -> str:
    return {
        Mode.VIDEO: gettext("It is by video: open the link from 15 minutes before."),
        Mode.PHONE: gettext("It is by phone: we will call you."),
        Mode.IN_PERSON: gettext("It is at the clinic: come to us."),
    }[mode]
