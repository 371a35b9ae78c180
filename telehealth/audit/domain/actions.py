"""What can be in the trail, in groups to search by. A test finds an action that is recorded and not here."""

from enum import StrEnum


class Group(StrEnum):
    """What kind of thing was done."""

    OPENED = "opened"  # somebody saw a patient's data
    CHANGED = "changed"
    SIGN_IN = "sign-in"
    SAFETY = "safety"  # contacts, protection, and who may act for whom
    REFUSED = "refused"
    SETTINGS = "settings"
    AUDIT = "audit"


ACTIONS: dict[str, Group] = {
    "patients.searched": Group.OPENED,
    "patient.opened": Group.OPENED,
    "booking.opened": Group.OPENED,
    "appointment.opened": Group.OPENED,
    "clinic.opened": Group.OPENED,
    "consultation.opened": Group.OPENED,
    "visit.opened": Group.OPENED,
    "room.opened": Group.OPENED,
    "outcome.opened": Group.OPENED,
    "join-link.opened": Group.OPENED,
    "own-appointments.opened": Group.OPENED,
    "own-details.opened": Group.OPENED,
    "own-access.opened": Group.OPENED,
    "emergency-access.granted": Group.OPENED,
    "emergency-access.read": Group.OPENED,
    "emergency-access.reviewed": Group.SAFETY,
    "patient.registered": Group.CHANGED,
    "appointment.proposed": Group.CHANGED,
    "appointment.pending": Group.CHANGED,
    "appointment.booked": Group.CHANGED,
    "appointment.arrived": Group.CHANGED,
    "appointment.checked-in": Group.CHANGED,
    "appointment.fulfilled": Group.CHANGED,
    "appointment.cancelled": Group.CHANGED,
    "appointment.noshow": Group.CHANGED,
    "appointment.waitlist": Group.CHANGED,
    "appointment.entered-in-error": Group.CHANGED,
    "appointment.confidential": Group.CHANGED,
    "appointment.not-confidential": Group.CHANGED,
    "encounter.joined": Group.CHANGED,
    "encounter.admitted": Group.CHANGED,
    "encounter.ended": Group.CHANGED,
    "encounter.cancelled": Group.CHANGED,
    "note.saved": Group.CHANGED,
    "note.signed": Group.CHANGED,
    "note.amended": Group.CHANGED,
    "account.signed-in": Group.SIGN_IN,
    "sign-in-link.sent": Group.SIGN_IN,
    "account.proved-again": Group.SIGN_IN,
    "session.ended": Group.SIGN_IN,
    "recovery-code.used": Group.SIGN_IN,
    "patient.protected": Group.SAFETY,
    "patient.protection-ended": Group.SAFETY,
    "authority.recorded": Group.SAFETY,
    "authority.revoked": Group.SAFETY,
    "join-link.made-for-carer": Group.SAFETY,
    "join-link.renewed": Group.SAFETY,
    "contact-change.requested": Group.SAFETY,
    "contact-change.code-sent": Group.SAFETY,
    "contact-change.verified": Group.SAFETY,
    "contact-change.withdrawn": Group.SAFETY,
    "contact-change.code-wrong": Group.REFUSED,
    "account.sign-in-refused": Group.REFUSED,
    "sign-in-link.refused": Group.REFUSED,
    "join-link.refused": Group.REFUSED,
    "join-link.locked": Group.REFUSED,
    "account.second-factor-refused": Group.REFUSED,
    "access.refused": Group.REFUSED,
    "account.created": Group.SETTINGS,
    "account.set-up-link-made": Group.SETTINGS,
    "account.password-set": Group.SETTINGS,
    "account.password-changed": Group.SETTINGS,
    "account.roles-changed": Group.SETTINGS,
    "account.enabled": Group.SETTINGS,
    "account.disabled": Group.SETTINGS,
    "service.created": Group.SETTINGS,
    "service.changed": Group.SETTINGS,
    "passkey.added": Group.SETTINGS,
    "passkey.removed": Group.SETTINGS,
    "authenticator-app.added": Group.SETTINGS,
    "authenticator-app.removed": Group.SETTINGS,
    "recovery-codes.made": Group.SETTINGS,
    "second-factor.removed": Group.SETTINGS,
    "keys.rotated": Group.SETTINGS,
    "audit.searched": Group.AUDIT,
    "audit.exported": Group.AUDIT,
}


def actions_in(group: Group) -> frozenset[str]:
    return frozenset(action for action, kind in ACTIONS.items() if kind is group)
