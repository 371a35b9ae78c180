"""People in a room, as far as the service sees them: sockets with a token, a page, and what they were told."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from flask_socketio import SocketIOTestClient

from telehealth.accounts.domain.session import Stage
from telehealth.accounts.models import Account, Patient
from telehealth.accounts.services.sessions import add_visit, begin_session, find_sign_in
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Actor
from telehealth.booking.domain.appointment import CancelReason
from telehealth.booking.models import Appointment
from telehealth.booking.services.appointments import get_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.db import Database
from telehealth.extensions import socketio
from telehealth.live import live_token
from telehealth.video.domain.encounter import Outcome
from telehealth.video.domain.presence import ParticipantRole
from telehealth.video.models import Encounter, Participant
from telehealth.video.services.encounters import admit_patient, end_encounter, find_encounter, open_encounter
from telehealth.video.sockets import room_token
from tests.factories import SLOT, Cast, make_appointment, make_cast, soon

WITHIN_S = 15.0
PATIENT, CLINICIAN = ParticipantRole.PATIENT, ParticipantRole.CLINICIAN
MEDIA = {"audio": "on", "video": "on"}


def wait_until(is_so: Callable[[], bool], *, within_s: float = WITHIN_S) -> None:
    """For what another thread or process does and announces nowhere: looked at again after short pauses."""
    pause, deadline = Event(), time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        pause.wait(0.01)


@dataclass
class Caller:
    """One socket of one person."""

    socket: SocketIOTestClient
    page: str = field(default_factory=lambda: str(uuid4()))

    @property
    def is_connected(self) -> bool:
        return bool(self.socket.is_connected())

    def send(self, event: str, *payload: object) -> Any:
        """Send and take the ack."""
        return self.socket.emit(event, *payload, callback=True)

    def join(self) -> Any:
        return self.send("join", {"page": self.page, "media": MEDIA})

    def signal(self, to: "Caller", **parts: Any) -> Any:
        return self.send("signal", {"from": self.page, "to": to.page, **(parts or {"restart": True})})

    def heard(self, event: str) -> list[Any]:
        """What came under this name since it was last asked; also after the socket was closed."""
        found = [message["args"][0] for message in self.socket.queue if message["name"] == event]
        self.socket.queue = [message for message in self.socket.queue if message["name"] != event]
        return found


@dataclass
class Clinic:
    """An application with the standing cast, whose commits are real."""

    app: Flask
    cast: Cast

    @classmethod
    def open(cls, app: Flask) -> "Clinic":
        with app.extensions["telehealth.database"].transaction() as session:
            return cls(app, make_cast(session))

    @property
    def database(self) -> Database:
        found: Database = self.app.extensions["telehealth.database"]
        return found

    def book(self, number: int = 0, *, patient: Patient | None = None) -> UUID:
        """An appointment in the nth slot from now, with its encounter; returns the appointment's key."""
        with self.app.app_context(), self.database.transaction() as session:
            appointment = make_appointment(
                session, self.cast, starts_at=soon() + number * SLOT, patient=patient
            )
            open_encounter(session, actor_of(self.cast.clinician), appointment.id)
            return appointment.id

    def encounter(self, appointment_id: UUID) -> Encounter:
        with self.database.reading() as session:
            found = find_encounter(session, appointment_id)
            assert found is not None
            return found

    def participant(self, appointment_id: UUID, role: ParticipantRole) -> Participant:
        return self.encounter(appointment_id).participant(role)

    def appointment(self, appointment_id: UUID) -> Appointment:
        with self.database.reading() as session:
            return get_appointment(session, actor_of(self.cast.clinician), appointment_id)

    def signed_in(self, account: Account | None, *visits: UUID) -> Actor:
        """Somebody who has just signed in (None: a guest), or given the dates of birth of these visits."""
        with self.database.transaction() as session:
            token = begin_session(session, account, Stage.SIGNED_IN if account else Stage.GUEST)
            found = find_sign_in(session, token)
            assert found is not None, "the account is disabled"
            for appointment_id in visits:
                add_visit(session, found.session_id, appointment_id)
            return found.actor

    def token(self, appointment_id: UUID, role: ParticipantRole, account: Account | None = None) -> str:
        is_staff = role is CLINICIAN
        who = (
            self.signed_in(account or self.cast.clinician)
            if is_staff
            else self.signed_in(None, appointment_id)
        )
        with self.app.app_context():
            return room_token(self.encounter(appointment_id), role, who)

    def live_page(self, account: Account, *topics: str) -> "Caller":
        who = self.signed_in(account)
        with self.app.app_context():
            return self.connect(live_token(who, list(topics)))

    def connect(self, token: object) -> Caller:
        return Caller(socketio.test_client(self.app, auth={"token": token}))

    def caller(self, appointment_id: UUID, role: ParticipantRole) -> Caller:
        """Connected, not joined yet."""
        return self.connect(self.token(appointment_id, role))

    def admit(self, appointment_id: UUID) -> None:
        with self.app.app_context(), self.database.transaction() as session:
            admit_patient(session, actor_of(self.cast.clinician), appointment_id)

    def end(self, appointment_id: UUID) -> None:
        with self.app.app_context(), self.database.transaction() as session:
            end_encounter(
                session,
                actor_of(self.cast.clinician),
                appointment_id,
                outcome=Outcome.COMPLETED,
                next_steps="Rest.",
            )

    def cancel(self, appointment_id: UUID) -> None:
        version = self.appointment(appointment_id).version
        with self.app.app_context(), self.database.transaction() as session:
            who = actor_of(self.cast.receptionist)
            cancel_appointment(session, who, appointment_id, version=version, reason=CancelReason.PATIENT)

    def call(self, number: int = 0, *, patient: Patient | None = None) -> tuple[Caller, Caller]:
        """Patient and clinician of a new appointment, both joined and admitted; nothing heard yet."""
        appointment_id = self.book(number, patient=patient)
        callers = self.caller(appointment_id, PATIENT), self.caller(appointment_id, CLINICIAN)
        assert callers[0].join()["ok"]
        self.admit(appointment_id)
        assert callers[1].join()["ok"]
        for caller in callers:
            caller.socket.queue.clear()
        return callers
