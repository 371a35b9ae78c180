"""Register a patient at the desk: once for each form, and after a look at who may be the same person."""

from collections.abc import Set as AbstractSet
from dataclasses import astuple
from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.services.duplicates import find_duplicates
from telehealth.accounts.services.patients import PatientDetails, get_patient, refuse_taken, register_patient
from telehealth.actor import Actor
from telehealth.booking.services.idempotency import key_of, remember_key
from telehealth.errors import N_, Conflict


class LikelyDuplicates(Conflict):
    """There are records that may be of the same person: `find_duplicates` says which."""

    def __init__(self) -> None:
        super().__init__(
            "likely-duplicates", N_("This patient may be registered already. Look at the records first.")
        )


def register_at_desk(
    session: Session,
    actor: Actor,
    details: PatientDetails,
    *,
    form_key: str,
    not_these: AbstractSet[UUID] = frozenset(),
) -> Patient:
    """Make a record, or return the one that this form has made already.

    `not_these`: likely duplicates of which somebody has said that they are other people. Raises NhsNumberTaken, and
    LikelyDuplicates where there are others.
    """
    key = key_of(form_key, *astuple(details))
    made_id, is_repeat = remember_key(session, actor.key, key)
    if is_repeat:
        return get_patient(session, actor, made_id)
    if actor.organisation_id is not None:
        refuse_taken(session, actor, actor.organisation_id, details.nhs_number)
    likely = find_duplicates(session, actor, details)
    if any(each.patient.id not in not_these for each in likely):
        raise LikelyDuplicates
    return register_patient(session, actor, details, key=made_id)
