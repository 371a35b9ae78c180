"""Patients and carers sign in: a link to the e-mail that is recorded for them, and the date of birth."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.protection import Now
from telehealth.accounts.domain.sign_in_link import (
    LINK_LIFE,
    LINK_TRIES,
    LINKS_FROM_A_PLACE,
    LINKS_TO_AN_ADDRESS,
    is_link_usable,
)
from telehealth.accounts.domain.throttle import Throttle
from telehealth.accounts.models import Account, ContactKind, Patient, RelatedPerson, SignInLink
from telehealth.accounts.services.contacts import hash_of_email
from telehealth.accounts.services.merges import find_survivors
from telehealth.accounts.services.notices import Notice, NoticeKind, send_notice
from telehealth.accounts.services.protection import when_to_contact
from telehealth.accounts.services.sessions import hash_token, make_token
from telehealth.actor import Actor, ActorKind
from telehealth.audit.models import EventOutcome
from telehealth.audit.services import record_event
from telehealth.clock import now
from telehealth.errors import N_, TooManyTries

Person = Patient | RelatedPerson
# Makes the address of a link from its token: addresses are known at the edge.
LinkMaker = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """What came of a date of birth.

    "choose": a patient who acts for others too must say as whom they come; "several": it fits more than one person,
    or an account that is closed.
    """

    outcome: Literal["signed-in", "wrong", "choose", "several", "over"]
    account: Account | None = None
    tries_left: int = 0


def send_sign_in_link(session: Session, actor: Actor, email: str, make_link: LinkMaker) -> None:
    """Send a link to an address where somebody has it; the links before stop working.

    Nothing tells the caller whether anybody has the address: an unknown one is counted and throttled just the same.
    Raises TooManyTries.
    """
    email_hash = hash_of_email(session, email)
    _throttle(session, SignInLink.email_hash == email_hash, LINKS_TO_AN_ADDRESS)
    _throttle(session, SignInLink.address == actor.address, LINKS_FROM_A_PLACE)
    asked_at, token = now(), make_token()
    session.execute(
        update(SignInLink)
        .where(SignInLink.email_hash == email_hash, SignInLink.closed_at.is_(None))
        .values(closed_at=asked_at)
    )
    session.add(
        SignInLink(
            email_hash=email_hash,
            token_hash=hash_token(token),
            created_at=asked_at,
            expires_at=asked_at + LINK_LIFE,
            address=actor.address[:45],
        )
    )
    session.flush()
    people = _find_people(session, email_hash)
    if not people:
        return
    about = _whom_it_is_about(session, people, email)
    send_notice(
        session,
        Notice(
            kind=NoticeKind.SIGN_IN_LINK,
            organisation_id=about.organisation_id,
            channel=ContactKind.EMAIL,
            to=email,
            values={"link": make_link(token), "minutes": str(int(LINK_LIFE.total_seconds() // 60))},
            patient_id=about.id if isinstance(about, Patient) else None,
        ),
    )
    _record(session, actor, "sign-in-link.sent", about)


def find_sign_in_link(session: Session, token: str) -> SignInLink | None:
    """The link behind a token, if it still works. Changes nothing: mail scanners open links too."""
    link = session.scalar(select(SignInLink).where(SignInLink.token_hash == hash_token(token)))
    return link if link is not None and _is_usable(link, now()) else None


def sign_in_by_link(
    session: Session, actor: Actor, token: str, birth_date: date, wanted: AccountKind | None = None
) -> LinkAnswer:
    """Who has the e-mail of the link and this date of birth; their account is made at the first time.

    `wanted`: as which of the two somebody comes who is a patient and acts for others.

    Never raises for a wrong answer: the caller must commit that it was counted.
    """
    link = session.scalar(
        select(SignInLink).where(SignInLink.token_hash == hash_token(token)).with_for_update()
    )
    if link is None or not _is_usable(link, now()):
        return LinkAnswer("over")
    known = _find_people(session, link.email_hash)
    people = [person for person in known if person.birth_date == birth_date]
    if not people:
        link.failures += 1
        if link.failures >= LINK_TRIES:
            link.closed_at = now()
        session.flush()
        _record(session, actor, "sign-in-link.refused", known[0] if known else None)
        return LinkAnswer("wrong", tries_left=max(0, LINK_TRIES - link.failures))
    if _is_one_in_two_parts(people):
        if wanted is None:
            return LinkAnswer("choose")
        people = [person for person in people if _kind_of(person) is wanted]
    link.closed_at = now()
    session.flush()
    if len(people) != 1:
        # Two people of one household: which of them it is, only a person can ask.
        _record(session, actor, "sign-in-link.refused", people[0])
        return LinkAnswer("several")
    account = _account_of(session, actor, people[0])
    if not account.is_active:
        _record(session, actor, "sign-in-link.refused", people[0])
        return LinkAnswer("several")
    record_sign_in_of_patient(session, actor, account)
    return LinkAnswer("signed-in", account)


def record_sign_in_of_patient(session: Session, actor: Actor, account: Account) -> None:
    """Note that a patient or carer has signed in, by link or passkey."""
    record_event(
        session,
        patient_actor_of(account, actor),
        "account.signed-in",
        subject_kind="account",
        subject_id=account.id,
        organisation_id=account.organisation_id,
        patient_id=account.patient_id,
    )


def patient_actor_of(account: Account, seen: Actor) -> Actor:
    """Who an account of a patient or carer is; `seen` brings from where."""
    return replace(
        seen,
        kind=ActorKind.PATIENT if account.kind is AccountKind.PATIENT else ActorKind.RELATED,
        account_id=account.id,
        organisation_id=account.organisation_id,
        display_name=account.display_name,
        patient_id=account.patient_id,
        related_person_id=account.related_person_id,
    )


def _throttle(session: Session, which: ColumnElement[bool], throttle: Throttle) -> None:
    asked = session.scalar(
        select(func.count())
        .select_from(SignInLink)
        .where(which, SignInLink.created_at > now() - throttle.window)
    )
    if throttle.tries_left(asked or 0) == 0:
        raise TooManyTries(
            "links-throttled",
            N_(
                "Too many links were asked for. Look for the last one in your emails, also among the unwanted "
                "ones, or wait an hour and ask again."
            ),
        )


def _is_usable(link: SignInLink, at: datetime) -> bool:
    return is_link_usable(
        expires_at=link.expires_at, closed_at=link.closed_at, failures=link.failures, now=at
    )


def _find_people(session: Session, email_hash: bytes) -> list[Person]:
    """Who has an address. Of records that were merged only the one that stands for the person opens with its own:

    another may have been taken down from somebody who only said that they are this person.
    """
    patients = session.scalars(
        select(Patient).where(Patient.email_hash == email_hash).order_by(Patient.id)
    ).all()
    survivors = find_survivors(session, [patient.id for patient in patients])
    standing = [patient for patient in patients if survivors[patient.id] == patient.id]
    # One request made online, by whomever, does not keep a patient whom we know from signing in.
    known = {(patient.organisation_id, patient.birth_date) for patient in standing if patient.is_verified}
    return [
        *(
            patient
            for patient in standing
            if patient.is_verified or (patient.organisation_id, patient.birth_date) not in known
        ),
        *session.scalars(
            select(RelatedPerson).where(RelatedPerson.email_hash == email_hash).order_by(RelatedPerson.id)
        ),
    ]


def _kind_of(person: Person) -> AccountKind:
    return AccountKind.PATIENT if isinstance(person, Patient) else AccountKind.RELATED


def _is_one_in_two_parts(people: list[Person]) -> bool:
    """A patient who is recorded as somebody's relative or carer too, under the same name."""
    return (
        len(people) == 2
        and {_kind_of(person) for person in people} == {AccountKind.PATIENT, AccountKind.RELATED}
        and people[0].organisation_id == people[1].organisation_id
        and people[0].display_name.casefold() == people[1].display_name.casefold()
    )


def _whom_it_is_about(session: Session, people: list[Person], email: str) -> Person:
    """Of several who share an address: one who is protected, so that it is sent only if that is safe for them."""
    for person in people:
        if isinstance(person, Patient) and not isinstance(
            when_to_contact(session, person.id, ContactKind.EMAIL, email), Now
        ):
            return person
    return people[0]


def _account_of(session: Session, actor: Actor, person: Person) -> Account:
    is_patient = isinstance(person, Patient)
    mine = (Account.patient_id if is_patient else Account.related_person_id) == person.id
    known = session.scalar(select(Account).where(mine))
    if known is not None:
        known.display_name = person.display_name
        return known
    account = Account(
        organisation_id=person.organisation_id,
        kind=_kind_of(person),
        display_name=person.display_name,
        is_active=True,
        rights_version=1,
        patient_id=person.id if is_patient else None,
        related_person_id=None if is_patient else person.id,
    )
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError:
        # Made at the same moment, from another link.
        return session.scalars(select(Account).where(mine)).one()
    record_event(
        session,
        patient_actor_of(account, actor),
        "account.created",
        subject_kind="account",
        subject_id=account.id,
        organisation_id=account.organisation_id,
        patient_id=account.patient_id,
    )
    return account


def _record(session: Session, actor: Actor, action: str, person: Person | None) -> None:
    patient_id: UUID | None = person.id if isinstance(person, Patient) else None
    record_event(
        session,
        actor,
        action,
        subject_kind="patient" if patient_id else "related-person",
        subject_id=person.id if person else None,
        organisation_id=person.organisation_id if person else None,
        patient_id=patient_id,
        outcome=EventOutcome.REFUSED if action.endswith(".refused") else EventOutcome.DONE,
    )
