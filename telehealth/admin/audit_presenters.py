"""The audit trail in words, and as a table for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext, ngettext

from telehealth.audit.domain.chain import plain_text
from telehealth.audit.models import AuditEvent, EventOutcome
from telehealth.dates import instant_text

# A spreadsheet takes a cell that begins like this for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    when: str
    who: str
    what: str
    whom: str
    service: str
    where: str
    is_refused: bool


def action_text(action: str) -> str:
    """What was done, for example "Signed a note". An action without words is shown by its code."""
    return {
        "patients.searched": gettext("Searched for patients"),
        "patient.opened": gettext("Opened a patient’s record"),
        "booking.opened": gettext("Opened the booking page of a patient"),
        "appointment.opened": gettext("Opened an appointment"),
        "clinic.opened": gettext("Opened their clinic list"),
        "stranded.opened": gettext("Opened a list of appointments with no session"),
        "day-sheet.opened": gettext("Opened a day sheet"),
        "consultation.opened": gettext("Opened a consultation"),
        "visit.opened": gettext("Got ready for an appointment"),
        "room.opened": gettext("Opened the waiting room"),
        "outcome.opened": gettext("Read what happens next"),
        "join-link.opened": gettext("Opened a link with the right date of birth"),
        "own-appointments.opened": gettext("Looked at their own appointments"),
        "own-details.opened": gettext("Looked at their own details"),
        "own-access.opened": gettext("Looked at who opened their record"),
        "emergency-access.granted": gettext("Opened a record in an emergency"),
        "emergency-access.read": gettext("Read the notes in an emergency"),
        "emergency-access.reviewed": gettext("Reviewed a record opened in an emergency"),
        "patient.registered": gettext("Registered a patient"),
        "appointment.proposed": gettext("Proposed an appointment"),
        "appointment.pending": gettext("Asked to confirm an appointment"),
        "appointment.booked": gettext("Booked an appointment"),
        "appointment.arrived": gettext("Arrived for an appointment"),
        "appointment.checked-in": gettext("Checked in for an appointment"),
        "appointment.fulfilled": gettext("Completed an appointment"),
        "appointment.cancelled": gettext("Cancelled an appointment"),
        "appointment.noshow": gettext("Marked a patient as not reached"),
        "appointment.waitlist": gettext("Put an appointment on the waiting list"),
        "appointment.entered-in-error": gettext("Marked an appointment as entered in error"),
        "appointment.asked": gettext("Asked for an appointment"),
        "appointment.confirmed": gettext("Confirmed an appointment"),
        "appointment.overbooked": gettext("Booked on top of another appointment"),
        "appointment.moved": gettext("Moved an appointment"),
        "appointment.taken": gettext("Took a patient of a shared clinic, or gave them back"),
        "appointment.noshow-undone": gettext("Took back that a patient did not come"),
        "appointment.details": gettext("Changed the details of an appointment"),
        "follow-up.made": gettext("Asked for a patient to be seen"),
        "follow-up.completed": gettext("Booked what was asked for"),
        "follow-up.changed": gettext("Changed a request to see a patient"),
        "follow-up.reopened": gettext("Reopened a request to see a patient"),
        "follow-up.closed": gettext("Closed a request to see a patient"),
        "follow-ups.opened": gettext("Opened the list of patients to be seen again"),
        "follow-up.opened": gettext("Opened a request to see a patient"),
        "patient.registered-online": gettext("Registered online"),
        "patient.verified": gettext("Confirmed who a patient is"),
        "patients.merged": gettext("Merged two records of a patient"),
        "patients.unmerged": gettext("Undid the merge of two records"),
        "appointment.confidential": gettext("Made an appointment confidential"),
        "appointment.not-confidential": gettext("Made an appointment no longer confidential"),
        "encounter.joined": gettext("Joined a consultation"),
        "encounter.admitted": gettext("Admitted a patient"),
        "encounter.ended": gettext("Ended a consultation"),
        "encounter.cancelled": gettext("Closed the waiting room of a cancelled appointment"),
        "note.saved": gettext("Saved a draft of a note"),
        "note.signed": gettext("Signed a note"),
        "note.amended": gettext("Changed a signed note"),
        "account.signed-in": gettext("Signed in"),
        "sign-in-link.sent": gettext("Asked for a sign-in link"),
        "account.proved-again": gettext("Signed in once more"),
        "session.ended": gettext("Signed out, or was signed out"),
        "recovery-code.used": gettext("Used a recovery code"),
        "patient.protected": gettext("Marked a patient as protected"),
        "patient.protection-ended": gettext("Ended the protection of a patient"),
        "authority.recorded": gettext("Recorded that somebody may act for a patient"),
        "authority.revoked": gettext("Recorded that somebody may no longer act for a patient"),
        "join-link.made-for-carer": gettext("Made a link for a relative or carer"),
        "join-link.renewed": gettext("Made a new link for an appointment"),
        "contact-change.requested": gettext("Asked to change a patient’s contact details"),
        "contact-change.code-sent": gettext("Sent a code to new contact details"),
        "contact-change.verified": gettext("Confirmed new contact details"),
        "contact-change.withdrawn": gettext("Withdrew new contact details"),
        "contact-change.code-wrong": gettext("Gave a wrong code for new contact details"),
        "account.sign-in-refused": gettext("Tried to sign in"),
        "sign-in-link.refused": gettext("Tried a sign-in link with a wrong date of birth"),
        "join-link.refused": gettext("Tried a link with a wrong date of birth"),
        "join-link.locked": gettext("Tried a link that is locked"),
        "account.second-factor-refused": gettext("Gave a wrong code or passkey"),
        "access.refused": gettext("Asked for something they may not have"),
        "account.created": gettext("Made an account"),
        "account.set-up-link-made": gettext("Made a link to set up an account"),
        "account.roles-changed": gettext("Changed what an account may do"),
        "account.enabled": gettext("Enabled an account"),
        "account.disabled": gettext("Disabled an account"),
        "service.created": gettext("Made a service"),
        "service.changed": gettext("Changed a service"),
        "appointment-type.created": gettext("Added an appointment type"),
        "appointment-type.changed": gettext("Changed an appointment type"),
        "schedule.created": gettext("Added a session"),
        "schedule.changed": gettext("Changed a session"),
        "schedule.ended": gettext("Ended a session"),
        "schedule-exception.created": gettext("Added leave or a closure"),
        "schedule-exception.ended": gettext("Took back leave or a closure"),
        "shared-clinic.created": gettext("Added a shared clinic"),
        "shared-clinic.changed": gettext("Changed a shared clinic"),
        "room.changed": gettext("Changed a room"),
        "skills.changed": gettext("Changed the skills of a clinician"),
        "account.password-set": gettext("Set a password with a link"),
        "account.password-changed": gettext("Changed a password"),
        "passkey.added": gettext("Added a passkey"),
        "passkey.removed": gettext("Removed a passkey"),
        "authenticator-app.added": gettext("Added an authenticator app"),
        "authenticator-app.removed": gettext("Removed an authenticator app"),
        "recovery-codes.made": gettext("Made new recovery codes"),
        "second-factor.removed": gettext("Removed the second factor of an account"),
        "keys.rotated": gettext("Changed the key that protects stored text"),
        "audit.searched": gettext("Searched the audit trail"),
        "audit.exported": gettext("Exported the audit trail"),
    }.get(action, action)


# Pages that show many patients; the event says how many.
_LISTS = ("clinic.opened", "day-sheet.opened", "stranded.opened", "follow-ups.opened")


def what_text(event: AuditEvent) -> str:
    """The action with what is known about it, for example "Searched for patients: 3 found"."""
    text = action_text(event.action)
    if event.action in ("patients.searched", "audit.searched", "audit.exported") and event.reason.isdigit():
        found = ngettext("%(num)d found", "%(num)d found", int(event.reason))
        return gettext("%(what)s: %(more)s", what=text, more=found)
    if event.action in _LISTS and event.reason.isdigit():
        listed = ngettext("%(num)d patient", "%(num)d patients", int(event.reason))
        return gettext("%(what)s: %(more)s", what=text, more=listed)
    return gettext("%(what)s: %(more)s", what=text, more=event.reason) if event.reason else text


def who_text(event: AuditEvent) -> str:
    """The person by name, or by how they came in."""
    kind = event.actor.partition(":")[0]
    name = event.actor_name or {
        "guest": gettext("Somebody with the link and the date of birth"),
        "anonymous": gettext("Somebody who was not signed in"),
    }.get(kind, event.actor)
    if kind == "system":
        return gettext("The service itself")
    return gettext("%(name)s, on behalf of the patient", name=name) if event.on_behalf_of else name


def whom_text(event: AuditEvent, names: Mapping[UUID, str]) -> str:
    """The patient, or the member of staff whose account it is about."""
    if event.patient_id is not None:
        return names.get(event.patient_id) or gettext("A patient whose name is not shown")
    return names.get(event.subject_id, "") if event.subject_id else ""


def audit_rows(
    events: Iterable[AuditEvent], names: Mapping[UUID, str], services: Mapping[UUID, str], time_zone: str
) -> list[AuditRow]:
    return [
        AuditRow(
            when=instant_text(event.recorded_at, time_zone),
            who=who_text(event),
            what=what_text(event),
            whom=whom_text(event, names),
            service=services.get(event.service_id, "") if event.service_id else "",
            where=event.address,
            is_refused=event.outcome is EventOutcome.REFUSED,
        )
        for event in events
    ]


def audit_csv(events: Iterable[AuditEvent], names: Mapping[UUID, str], services: Mapping[UUID, str]) -> bytes:
    """For a spreadsheet: UTF-8 with its mark, and no cell that would be taken for a formula."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        [
            gettext("When (UTC)"),
            gettext("Who"),
            gettext("Account"),
            gettext("What"),
            gettext("Action"),
            gettext("How it ended"),
            gettext("About whom"),
            gettext("Patient key"),
            gettext("On behalf of"),
            gettext("Service"),
            gettext("Subject"),
            gettext("From where"),
            gettext("Sign-in"),
            gettext("Request"),
            gettext("Event"),
        ]
    )
    for event in events:
        cells = [
            plain_text(event.recorded_at),
            who_text(event),
            event.actor,
            what_text(event),
            event.action,
            event.outcome.value,
            whom_text(event, names),
            plain_text(event.patient_id) if event.patient_id else "",
            plain_text(event.on_behalf_of) if event.on_behalf_of else "",
            services.get(event.service_id, "") if event.service_id else "",
            f"{event.subject_kind} {event.subject_id or ''}".strip(),
            event.address,
            plain_text(event.session_id) if event.session_id else "",
            event.request_id,
            plain_text(event.id),
        ]
        writer.writerow([safe_cell(cell) for cell in cells])
    return file.getvalue().encode("utf-8-sig")


def safe_cell(text: str) -> str:
    """With an apostrophe in front where a spreadsheet would see a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
