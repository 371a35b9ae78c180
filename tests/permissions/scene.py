"""What stands before the cast: one appointment with all that hangs on it, and a browser for each of them."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from typing import cast as cast_type
from uuid import UUID, uuid4

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Connection, Engine, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.session import Stage
from telehealth.accounts.models import (
    Account,
    Authority,
    BrowserSession,
    HealthcareService,
    Patient,
    RelatedPerson,
)
from telehealth.accounts.services.authorities import revoke_authority
from telehealth.accounts.services.sessions import add_visit, begin_session, find_sign_in
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Role
from telehealth.booking.models import Appointment
from telehealth.clock import now
from telehealth.db import Database
from telehealth.notes.models import ConsultationNote
from telehealth.notes.services import open_note
from telehealth.video.models import Encounter
from telehealth.video.services.encounters import open_encounter
from tests.factories import (
    SLOT,
    Cast,
    make_account,
    make_appointment,
    make_carer,
    make_cast,
    make_clinician,
    make_patient,
    soon,
)
from tests.permissions.people import EVERYBODY, STAFF

NHS_NUMBER = "9991234560"
COOKIE = "session"


@dataclass(slots=True, kw_only=True)
class Scene:
    """The objects, loaded and readable. `accounts` and `cookies` are by the keys of `people`."""

    app: Flask
    connection: Connection
    cast: Cast
    accounts: dict[str, Account]
    sessions: dict[str, UUID]
    cookies: dict[str, str]
    csrf_token: str
    patient: Patient
    authority: Authority
    # Has neither appointments nor anybody else's notes.
    fresh_patient: Patient
    appointment: Appointment
    other_appointment: Appointment
    encounter: Encounter
    note: ConsultationNote

    @contextmanager
    def session(self) -> Iterator[Session]:
        """For what an errand arranges: rolled back with it."""
        with Session(self.connection, expire_on_commit=False) as made:
            yield made
            made.commit()

    @property
    def service(self) -> HealthcareService:
        return self.cast.service

    @property
    def staff_accounts(self) -> list[Account]:
        return [self.accounts[person.key] for person in STAFF]


@contextmanager
def open_scene(app: Flask, engine: Engine) -> Iterator[Scene]:
    """A scene of which nothing is ever committed; meanwhile the application works on its connection."""
    real: Database = app.extensions["telehealth.database"]
    with engine.connect().execution_options(is_writer=True) as connection:
        outer = connection.begin()
        connection.begin_nested()
        # A session maker takes a connection as well as an engine; what only looks at the store gets the engine.
        on_stage = Database(cast_type("Engine", connection))
        on_stage.engine = connection.engine
        on_stage.after_commit = real.after_commit
        app.extensions["telehealth.database"] = on_stage
        try:
            yield set_scene(app, connection)
        finally:
            app.extensions["telehealth.database"] = real
            outer.rollback()


def set_scene(app: Flask, connection: Connection) -> Scene:
    with Session(connection, expire_on_commit=False) as session:
        scene = _build(app, connection, session)
        session.commit()
    return scene


def _build(app: Flask, connection: Connection, session: Session) -> Scene:
    cast = make_cast(session)
    patient = cast.patient
    patient.nhs_number = NHS_NUMBER
    fresh = make_patient(session, cast.service, given_name="Ffion", birth_date=date(1971, 2, 3))
    authority, former = (
        make_carer(session, patient, given_name=name, email=f"{name.lower()}@example.org")
        for name in ("Eleri", "Gwenda")
    )
    revoke_authority(session, actor_of(cast.receptionist), former.id, reason="It is over")
    appointment = make_appointment(session, cast)
    other = make_appointment(session, cast, starts_at=soon() + SLOT, patient=cast.other_patient)
    owner = actor_of(cast.clinician)
    encounter = open_encounter(session, owner, appointment.id)
    accounts = {
        "owner": cast.clinician,
        "colleague": cast.colleague,
        "receptionist": cast.receptionist,
        "administrator": cast.administrator,
        "other_clinician": make_clinician(session, cast.other_service, "Siwan", "Parry"),
        "other_receptionist": cast.other_service_receptionist,
        "foreign_clinician": cast.other_organisation_clinician,
        "foreign_receptionist": cast.other_organisation_receptionist,
        "foreign_administrator": make_account(
            session, cast.other_organisation_service, "administrator", Role.ADMINISTRATOR
        ),
        "patient": make_own_account(session, patient),
        "other_patient": make_own_account(session, cast.other_patient),
        "carer": make_own_account(session, authority.related_person),
        "former_carer": make_own_account(session, former.related_person),
    }
    session.flush()
    tokens = _tokens(session, accounts, appointment, other, authority)
    sessions = {key: _session_of(session, token) for key, token in tokens.items() if token}
    raw, csrf_token = _csrf(app)
    return Scene(
        app=app,
        connection=connection,
        cast=cast,
        accounts=accounts,
        sessions=sessions,
        cookies={key: _cookie(app, token, raw) for key, token in tokens.items()},
        csrf_token=csrf_token,
        patient=patient,
        authority=authority,
        fresh_patient=fresh,
        appointment=appointment,
        other_appointment=other,
        encounter=encounter,
        note=open_note(session, owner, encounter),
    )


def make_own_account(session: Session, person: Patient | RelatedPerson) -> Account:
    """The account of a patient, or of a carer."""
    is_patient = isinstance(person, Patient)
    account = Account(
        organisation_id=person.organisation_id,
        kind=AccountKind.PATIENT if is_patient else AccountKind.RELATED,
        display_name=person.display_name,
        patient_id=person.id if is_patient else None,
        related_person_id=None if is_patient else person.id,
    )
    session.add(account)
    session.flush()
    return account


def _tokens(
    session: Session,
    accounts: dict[str, Account],
    appointment: Appointment,
    other: Appointment,
    authority: Authority,
) -> dict[str, str]:
    """A sign-in for everybody; "" for the browser that nobody knows."""
    tokens = {key: begin_session(session, account, Stage.SIGNED_IN) for key, account in accounts.items()}
    owner = accounts["owner"]
    tokens["unfinished"] = begin_session(session, owner, Stage.SECOND_FACTOR)
    tokens["setting_up"] = begin_session(session, owner, Stage.SET_UP)
    tokens["expired"] = begin_session(session, owner, Stage.SIGNED_IN)
    long_ago = now() - timedelta(days=2)
    session.execute(
        update(BrowserSession)
        .where(BrowserSession.id == _session_of(session, tokens["expired"]))
        .values(created_at=long_ago, last_seen_at=long_ago, proved_at=long_ago)
    )
    for key, visit in (("guest", appointment), ("carer_by_link", appointment), ("other_guest", other)):
        tokens[key] = begin_session(session, None, Stage.GUEST)
        is_carer = key == "carer_by_link"
        add_visit(
            session,
            _session_of(session, tokens[key]),
            visit.id,
            related_person_id=authority.related_person_id if is_carer else None,
            patient_id=visit.patient_id if is_carer else None,
        )
    tokens["anonymous"] = ""
    assert set(tokens) == {person.key for person in EVERYBODY}
    return tokens


def _session_of(session: Session, token: str) -> UUID:
    found = find_sign_in(session, token)
    assert found is not None
    return found.session_id


def _csrf(app: Flask) -> tuple[str, str]:
    """What Flask-WTF keeps in the cookie, and what it puts into forms."""
    raw = secrets.token_hex(20)
    serializer = URLSafeTimedSerializer(str(app.config["SECRET_KEY"]), salt="wtf-csrf-token")
    return raw, str(serializer.dumps(raw))


def _cookie(app: Flask, token: str, raw: str) -> str:
    interface = app.session_interface
    serializer = interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    signed_in = {"_user_id": token, "_fresh": True} if token else {}
    return str(serializer.dumps({"csrf_token": raw, **signed_in}))


def cookie_with(scene: Scene, key: str, kept: Mapping[str, Any]) -> str:
    """Somebody's cookie with what pages have put into it."""
    if not kept:
        return scene.cookies[key]
    interface = scene.app.session_interface
    serializer = interface.get_signing_serializer(scene.app)  # type: ignore[attr-defined]
    return str(serializer.dumps({**serializer.loads(scene.cookies[key]), **kept}))


def new_key() -> str:
    return uuid4().hex
