"""The room's socket events. The protocol's reference is `docs/signalling.md`."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

import structlog
from flask import Flask, current_app, request
from flask_babel import gettext
from flask_socketio import ConnectionRefusedError as Refused
from socketio import Server
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from telehealth import live, socket_watch
from telehealth.accounts.services.sessions import SignIn, find_sign_in_by_id
from telehealth.actor import Actor
from telehealth.audit.services import record_refusal
from telehealth.clock import now
from telehealth.error_pages import error_ack, message_of
from telehealth.errors import DomainError
from telehealth.extensions import config, database, reading, socketio, transaction
from telehealth.guards import declare_event
from telehealth.video import ice
from telehealth.video.domain.candidates import shows_address
from telehealth.video.domain.encounter import OVER, EncounterStatus
from telehealth.video.domain.presence import ParticipantRole
from telehealth.video.domain.signalling import Malformed, check_signal, parse_join, parse_media, parse_page
from telehealth.video.models import Encounter
from telehealth.video.policies import ADMITTED, PARTICIPANT
from telehealth.video.relay import Entry, Relay
from telehealth.video.services import room
from telehealth.video.services.encounters import lock_encounter

log = structlog.get_logger()

ENCOUNTER_TOPIC = "encounter:"
# Of the relay, which has no language: it works without a request.
NOT_JOINED = "Join the consultation first."
TOO_FAST = "Too many messages."
SHOWS_ADDRESS = "This consultation may not show a network address."
Handler = Callable[..., dict[str, Any] | None]


def relay() -> Relay:
    return cast("Relay", current_app.extensions["telehealth.relay"])


def register(app: Flask) -> None:
    """Wire the room's events of an application."""
    app.extensions["telehealth.relay"] = Relay()
    app.extensions["telehealth.database"].after_commit.append(tell_rooms)
    live.accept_kind("room", open_room_page, close_room_page)
    for hook, hooks in (
        (drop_without_rights, socket_watch.each_round),
        (sign_ins_in_use, socket_watch.in_use),
    ):
        if hook not in hooks:
            hooks.append(hook)  # type: ignore[arg-type]
    socketio.on_event("join", join)
    socketio.on_event("media", media)
    socketio.on_event("ice", fresh_ice)
    socketio.on_event("connected", connected)
    socketio.on_event("leave", leave)
    # On the python-socketio server itself: no request context for each relayed message.
    server = cast("Server", socketio.server)
    table = cast("Relay", app.extensions["telehealth.relay"])
    server.on("signal", handler=make_signal_handler(server, table))
    server.on("*", handler=make_unknown_event_handler(server, table))


def room_token(encounter: Encounter, role: ParticipantRole, actor: Actor) -> str:
    """A token for a page of the room; its view has checked that the actor is that participant."""
    claims = {
        "encounter": encounter.id.hex,
        "appointment": encounter.appointment_id.hex,
        "role": role.value,
    }
    return live.page_token("room", actor, claims)


def open_room_page(sid: str, claims: dict[str, Any], sign_in: SignIn) -> None:
    try:
        relay().expect(
            sid,
            UUID(hex=claims["encounter"]),
            UUID(hex=claims["appointment"]),
            ParticipantRole(claims["role"]),
            sign_in.session_id,
            time.monotonic(),
        )
    except (KeyError, ValueError):
        raise Refused("not-allowed") from None


def close_room_page(sid: str) -> None:
    entry = relay().drop(sid)
    if entry is None or entry.page is None:
        return
    with transaction() as session:
        lock_encounter(session, entry.encounter_id)
        # A page that reconnects keeps its name: its new socket may have joined before the old one was found dead.
        if not relay().has_page(entry.encounter_id, entry.role, entry.page):
            room.leave_room(session, entry.encounter_id, entry.role, entry.page, on_purpose=False)


def participant_event(handler: Handler) -> Handler:
    """For a socket that is in the table, within its rate; domain errors and bad payloads become error acks."""

    @wraps(handler)
    def handle(*payload: object) -> dict[str, Any] | None:
        sid = request.sid  # type: ignore[attr-defined]
        entry = relay().entry(sid)
        if entry is None:
            _close(sid)
            return error_ack(
                "not-allowed", gettext("This page is not connected to a consultation. Reload it.")
            )
        if not entry.bucket.take(time.monotonic()):
            return _cut_off(entry.sid)
        try:
            return handler(entry, payload[0] if payload else None)
        except Malformed as error:
            return error_ack(
                "malformed", gettext("Part of the message is not right: %(part)s.", part=str(error))
            )
        except DomainError as error:
            return error_ack(error.code, message_of(error))
        except OperationalError:
            # Locked, or chosen to end a deadlock: the page connects and joins again.
            log.warning("database-busy", event_name=handler.__name__)
            return error_ack("busy", gettext("The service is busy. Wait a moment, then try again."))

    return handle


@participant_event
def join(entry: Entry, payload: object) -> dict[str, Any]:
    wish = parse_join(payload)
    who = room.participant_actor(database(), entry.appointment_id, entry.role, entry.session_id)
    if who is None:
        relay().drop(entry.sid)
        _remember_refusal(entry)
        return error_ack("not-allowed", gettext("This consultation is not open to you any more."))
    is_relay_only = room.require_transport(database(), entry.appointment_id, has_relay=has_relay())
    relay().set_relay_only(entry.sid, is_relay_only=is_relay_only)
    # Named before the commit: at the commit the other side hears of this page, and may signal to it at once.
    relay().name_page(entry.sid, wish.page)
    try:
        with transaction() as session:
            room.join_room(session, who, entry.encounter_id, entry.role, wish)
    except Exception:
        relay().drop(entry.sid)
        raise
    # Joined before the snapshot is read: what changes from here on is sent, what changed before is in it.
    for older in relay().join(entry.sid):
        socketio.emit("replaced", {}, to=older.sid)
        _close(older.sid)
    with reading() as session:
        encounter = session.get_one(Encounter, entry.encounter_id)
        relay().set_admitted(encounter.id, is_admitted=encounter.status is EncounterStatus.IN_PROGRESS)
        snapshot = _snapshot(session, encounter.id, entry)
    return {"ok": True, "snapshot": snapshot, **_ice_of(entry)}


@participant_event
def fresh_ice(entry: Entry, _payload: object) -> dict[str, Any]:
    """The event `ice`: asked before each new connection and restart, because TURN credentials live an hour."""
    _page(entry)
    return {"ok": True, **_ice_of(entry)}


def _ice_of(entry: Entry) -> dict[str, Any]:
    settings = config()
    return {
        "ice_servers": ice.ice_servers(
            settings.turn_urls,
            settings.turn_secret,
            entry.sid,
            now(),
            is_relay_only=entry.is_relay_only,
        ),
        "ice_transport_policy": "relay" if entry.is_relay_only else "all",
    }


def has_relay() -> bool:
    """Whether this installation has a TURN server."""
    settings = config()
    return ice.has_relay(settings.turn_urls, settings.turn_secret)


def _remember_refusal(entry: Entry) -> None:
    with transaction() as session:
        sign_in = find_sign_in_by_id(session, entry.session_id)
        if sign_in is not None:
            record_refusal(session, sign_in.actor, "join", "appointment", entry.appointment_id)


@participant_event
def media(entry: Entry, payload: object) -> dict[str, Any]:
    audio, video = parse_media(payload)
    with transaction() as session:
        room.set_media(session, entry.encounter_id, entry.role, _page(entry), audio, video)
    return {"ok": True}


@participant_event
def connected(entry: Entry, payload: object) -> dict[str, Any]:
    parse_page(payload.get("peer") if isinstance(payload, dict) else None)
    with transaction() as session:
        room.media_plays(session, entry.encounter_id, entry.role, _page(entry))
    return {"ok": True}


@participant_event
def leave(entry: Entry, _payload: object) -> dict[str, Any]:
    page = _page(entry)
    relay().drop(entry.sid)
    with transaction() as session:
        room.leave_room(session, entry.encounter_id, entry.role, page, on_purpose=True)
    return {"ok": True}


def make_signal_handler(server: Server, table: Relay) -> Callable[..., dict[str, Any] | None]:
    """The relay: opaque descriptions and batches of candidates between two admitted participants."""

    def signal(sid: str, *payload: object) -> dict[str, Any] | None:
        entry = table.entry(sid)
        if entry is None:
            server.disconnect(sid)
            return error_ack("not-allowed", NOT_JOINED)
        if not entry.bucket.take(time.monotonic()):
            cut_off(server, sid)
            return error_ack("too-fast", TOO_FAST)
        if entry.page is None:
            return error_ack("not-allowed", NOT_JOINED)
        body = payload[0] if payload else None
        try:
            sender, receiver_page = check_signal(body)
        except Malformed as error:
            return error_ack("malformed", f"Part of the message is not right: {error}.")
        if sender != str(entry.page):
            return error_ack("malformed", "The sender is another page.")
        receiver = table.receiver(entry, receiver_page)
        if receiver is None:
            return error_ack("no-such-page", "The other side is not there any more.")
        # Checked here too: a browser that was told to use relays alone may be old, changed, or wrong.
        is_relay_only = entry.is_relay_only or receiver.is_relay_only
        if is_relay_only and shows_address(cast("dict[str, Any]", body)):
            log.warning("address-not-relayed", role=entry.role.value)
            return error_ack("relay-only", SHOWS_ADDRESS)
        server.emit("signal", body, to=receiver.sid)
        return {"ok": True}

    return signal


def make_unknown_event_handler(server: Server, table: Relay) -> Callable[..., dict[str, Any]]:
    """The answer to an event that does not exist: python-socketio alone would stay silent."""

    def unknown_event(event: str, sid: str, *_payload: object) -> dict[str, Any]:
        entry = table.entry(sid)
        if entry is None:  # a live page may send nothing
            server.disconnect(sid)
        elif not entry.bucket.take(time.monotonic()):
            cut_off(server, sid)
            return error_ack("too-fast", TOO_FAST)
        log.info("unknown-event", sid=sid, name=str(event)[:40])
        return error_ack("unknown-event", "This service does not know that event.")

    return unknown_event


def cut_off(server: Server, sid: str) -> None:
    """Close the connection itself: a socket that is only disconnected could go on sending."""
    connection = server.manager.eio_sid_from_sid(sid, "/")
    server.disconnect(sid)
    if connection:
        server.eio.disconnect(connection)


def tell_rooms(topics: frozenset[str]) -> None:
    """After a commit: every page of a changed consultation gets the whole snapshot."""
    for topic in topics:
        if not topic.startswith(ENCOUNTER_TOPIC):
            continue
        encounter_id = UUID(topic.removeprefix(ENCOUNTER_TOPIC))
        with reading() as session:
            encounter = session.get(Encounter, encounter_id)
            if encounter is not None:
                _show_state(session, encounter)


def _show_state(session: Session, encounter: Encounter) -> None:
    """Open or close the relay, and give every page its snapshot; after the end, close the sockets."""
    is_open = encounter.status is EncounterStatus.IN_PROGRESS
    for entry in relay().set_admitted(encounter.id, is_admitted=is_open):
        snapshot = _snapshot(session, encounter.id, entry)
        socketio.emit("snapshot", snapshot, to=entry.sid)
        if encounter.status in OVER:
            relay().drop(entry.sid)
            _close(entry.sid)


def _snapshot(session: Session, encounter_id: UUID, entry: Entry) -> dict[str, Any]:
    snapshot = room.snapshot(session, encounter_id, entry.role, _after_url(entry))
    snapshot["peer"]["name"] = snapshot["peer"]["name"] or gettext("Protected patient")
    return snapshot


def sign_ins_in_use() -> set[UUID]:
    """A patient who waits, and whoever is in a call, is not idle (`socket_watch`)."""
    return {
        entry.session_id
        for entry in relay().joined()
        if entry.is_admitted or entry.role is ParticipantRole.PATIENT
    }


def drop_without_rights() -> None:
    """Close the sockets in rooms to which their people have no right any more (`socket_watch`)."""
    for entry in relay().joined():
        _drop_without_rights(entry)


def _drop_without_rights(entry: Entry) -> None:
    who = database(), entry.appointment_id, entry.role, entry.session_id
    if room.participant_actor(*who, page=entry.page) is not None:
        if room.is_relay_only(database(), entry.appointment_id) != entry.is_relay_only:
            # The patient is protected since, or no longer: both pages come back and join under the new rule.
            _close(entry.sid)
        return
    # The change may have been committed a moment ago, and be on its way to the pages: each is told why it is closed.
    with reading() as session:
        encounter = session.get(Encounter, entry.encounter_id)
        if encounter is not None and encounter.status in OVER:
            _show_state(session, encounter)
            return
    has_newer_page = room.participant_actor(*who) is not None
    if relay().drop(entry.sid):
        if has_newer_page:
            socketio.emit("replaced", {}, to=entry.sid)
        _close(entry.sid)


def _page(entry: Entry) -> UUID:
    if entry.page is None:
        raise Malformed("join first")
    return entry.page


def _cut_off(sid: str) -> dict[str, Any]:
    cut_off(cast("Server", socketio.server), sid)
    return error_ack("too-fast", gettext("Too many messages. Reload the page."))


def _close(sid: str) -> None:
    cast("Server", socketio.server).disconnect(sid)


def _after_url(entry: Entry) -> str:
    """Where a page goes when the consultation is over."""
    if entry.role is ParticipantRole.PATIENT:
        return f"/visits/{entry.appointment_id}/after"
    return f"/clinic/consultations/{entry.appointment_id}"


for _event, _policy in (
    ("join", PARTICIPANT),
    ("media", PARTICIPANT),
    ("ice", PARTICIPANT),
    ("connected", PARTICIPANT),
    ("leave", PARTICIPANT),
    ("signal", ADMITTED),
):
    declare_event(_event, _policy)
