"""The one place that wires things together."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from jinja2 import ChainableUndefined, ChoiceLoader, PackageLoader
from werkzeug.middleware.proxy_fix import ProxyFix

from telehealth import (
    assets,
    error_pages,
    health,
    live,
    logs,
    page_service,
    sealing,
    security_headers,
    socket_watch,
)
from telehealth.accounts import contact_routes, patient_sign_in_routes
from telehealth.accounts import routes as accounts_routes
from telehealth.accounts import session as accounts_session
from telehealth.accounts.services import notices
from telehealth.admin import audit_routes as admin_audit_routes
from telehealth.admin import service_routes as admin_service_routes
from telehealth.admin import staff_routes as admin_staff_routes
from telehealth.booking.desk import (
    appointment_routes,
    booking_routes,
    day_routes,
    merge_routes,
    moving_routes,
    overbooking_routes,
    safety_routes,
    search_routes,
    series_routes,
    stranded_origin,
    verify_routes,
)
from telehealth.booking.desk import routes as desk_routes
from telehealth.booking.follow_ups import list_routes as follow_up_list_routes
from telehealth.booking.follow_ups import routes as follow_up_routes
from telehealth.booking.notices import queue_appointment_notice, queue_series_notice
from telehealth.booking.schedules import leave_routes, session_routes, type_routes
from telehealth.booking.schedules import routes as schedule_routes
from telehealth.booking.self_service import my_routes, own_appointment_routes
from telehealth.booking.self_service import routes as self_service_routes
from telehealth.booking.self_service.hold_owner import release_browser_holds
from telehealth.booking.services import appointments
from telehealth.booking.services.links import LinkSigner
from telehealth.clinic import attendance_routes as clinic_attendance_routes
from telehealth.clinic import emergency_routes
from telehealth.clinic import routes as clinic_routes
from telehealth.config import Config
from telehealth.db import Database, make_engine
from telehealth.errors import NotFound, NotSignedIn
from telehealth.extensions import actor, babel, csrf, socketio, wants_json
from telehealth.guards import policy_of
from telehealth.messages.notices import queue_notice
from telehealth.notes import routes as notes_routes
from telehealth.video import routes as video_routes
from telehealth.video import sockets as video_sockets
from telehealth.video.services.encounters import cancel_encounter
from telehealth.video.services.missed import follow_attendance

# Importing them puts their pages on the blueprint of `booking.desk.routes`.
DESK_PAGES = (
    appointment_routes,
    booking_routes,
    day_routes,
    merge_routes,
    moving_routes,
    overbooking_routes,
    search_routes,
    series_routes,
    stranded_origin,
    verify_routes,
)
# And on that of `booking.follow_ups.routes`.
FOLLOW_UP_PAGES = (follow_up_list_routes,)
# And on that of `clinic.routes`.
CLINIC_PAGES = (clinic_attendance_routes,)
MAX_REQUEST_BYTES = 1024 * 1024
MAX_SOCKET_MESSAGE_BYTES = 64 * 1024
# A tab that vanished is noticed within PING_INTERVAL_S + PING_TIMEOUT_S.
PING_INTERVAL_S = 5
PING_TIMEOUT_S = 5


def create_app(config: Config) -> Flask:
    """An application on the database of `config`; the schema must be up to date already."""
    app = Flask("telehealth", template_folder=str(assets.PROJECT / "templates"), static_folder=None)
    _configure(app, config)
    sealing.install(config.key_ring)
    database = Database(make_engine(config.database_url))
    app.extensions["telehealth.config"] = config
    app.extensions["telehealth.database"] = database
    app.extensions["telehealth.link_signer"] = LinkSigner(config.secret_key)
    # First, so that even a refused request has its id in the log.
    logs.register(app)
    security_headers.register(app, base_url=config.base_url)
    _wire_templates(app)
    babel.init_app(app, default_locale="en_GB", default_timezone="UTC")
    csrf.init_app(app)
    accounts_session.register(app)
    page_service.register(app, config)
    app.before_request(_enforce_policy)
    for blueprint in (
        accounts_routes.bp,
        contact_routes.bp,
        patient_sign_in_routes.bp,
        desk_routes.bp,
        safety_routes.bp,
        schedule_routes.bp,
        session_routes.bp,
        leave_routes.bp,
        follow_up_routes.bp,
        type_routes.bp,
        my_routes.bp,
        self_service_routes.bp,
        own_appointment_routes.bp,
        video_routes.bp,
        notes_routes.bp,
        clinic_routes.bp,
        emergency_routes.bp,
        admin_audit_routes.bp,
        admin_staff_routes.bp,
        admin_service_routes.bp,
        health.bp,
    ):
        app.register_blueprint(blueprint)
    clinic_routes.register(app)
    error_pages.register(app)
    if cancel_encounter not in appointments.on_cancelled:
        appointments.on_cancelled.append(cancel_encounter)
    if follow_attendance not in appointments.on_changed:
        appointments.on_changed.append(follow_attendance)
    if queue_appointment_notice not in appointments.on_changed:
        appointments.on_changed.append(queue_appointment_notice)
    if queue_series_notice not in appointments.on_series_booked:
        appointments.on_series_booked.append(queue_series_notice)
    if release_browser_holds not in accounts_session.on_cookie_cleared:
        accounts_session.on_cookie_cleared.append(release_browser_holds)
    if queue_notice not in notices.senders:
        notices.senders.append(queue_notice)
    _wire_sockets(app, config)
    assets.register(app)
    socket_watch.register(app, threads=config.threads)
    if config.trusted_proxies:
        # The address alone: host and scheme are the base URL's, whatever a header says.
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=0, x_host=0)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, config: Config) -> None:
    host = urlsplit(config.base_url).hostname or ""
    app.config.update(
        SECRET_KEY=config.secret_key,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_REQUEST_BYTES,
        MAX_FORM_PARTS=200,
        SESSION_COOKIE_NAME="__Host-session" if config.is_https else "session",
        SESSION_COOKIE_SECURE=config.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # Longer than any sign-in, whose end is on the server: the same person can take an expired one up again.
        PERMANENT_SESSION_LIFETIME=timedelta(days=2),
        TRUSTED_HOSTS=[host, "localhost", "127.0.0.1"],
        # A form is as old as its session: nobody loses what they typed to a timer.
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_TRANSLATION_DIRECTORIES=str(assets.PROJECT / "telehealth" / "translations"),
    )


def _wire_templates(app: Flask) -> None:
    # The NHS macros are .jinja files, which Flask does not escape by default.
    app.jinja_options = {**app.jinja_options, "autoescape": True, "undefined": ChainableUndefined}
    own = app.jinja_loader
    if own is not None:
        app.jinja_loader = ChoiceLoader([own, PackageLoader("nhsuk_frontend_jinja")])
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _wire_sockets(app: Flask, config: Config) -> None:
    origins = [config.base_url, *config.origins]
    if config.is_demo:
        origins.append(f"http://127.0.0.1:{config.port}")
    socketio.init_app(
        app,
        # Said explicitly: left alone it takes gevent where that happens to be installed.
        async_mode="threading",
        # In the order in which they came, and no thread for each event.
        async_handlers=False,
        cors_allowed_origins=origins,
        transports=["websocket"],
        max_http_buffer_size=MAX_SOCKET_MESSAGE_BYTES,
        ping_interval=PING_INTERVAL_S,
        ping_timeout=PING_TIMEOUT_S,
        manage_session=False,
    )
    live.register(app)
    video_sockets.register(app)


def _enforce_policy() -> ResponseReturnValue | None:
    """Deny by default: a view without a policy is refused, like one whose policy says no."""
    if request.endpoint is None:
        return None  # there is no such page: the router's own 404 or 405
    policy = policy_of(current_app.view_functions.get(request.endpoint))
    if policy is not None and policy.allows(actor()):
        return None
    if policy is not None and policy.sign_in and not actor().is_signed_in:
        if wants_json():
            raise NotSignedIn
        back = request.full_path.rstrip("?") if request.method == "GET" else ""
        return redirect(url_for(policy.sign_in, next=back or None), 303)
    raise NotFound
