"""Who makes a request: the staff account that signed in, and the visits that were opened by link in this browser."""

from uuid import UUID

from flask import Flask, g, session
from flask_login import UserMixin, current_user, login_user, logout_user

from telehealth.accounts.models import Account
from telehealth.accounts.services.sign_in import actor_of, load_account
from telehealth.actor import ANONYMOUS, Actor, guest
from telehealth.extensions import login_manager, reading

VISITS = "visits"
MOST_VISITS = 20


class SignedIn(UserMixin):  # type: ignore[misc]
    """Flask-Login's view of an account; keeps `accounts.models` free of Flask."""

    def __init__(self, account: Account) -> None:
        self.id = str(account.id)
        self.actor = actor_of(account)


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_user(account_id: str) -> SignedIn | None:
    try:
        key = UUID(account_id)
    except ValueError:
        return None
    with reading() as database_session:
        account = load_account(database_session, key)
        return SignedIn(account) if account else None


def sign_in(account: Account) -> None:
    """Start a session for an account with loaded roles; what an earlier person left in it is gone."""
    visits = session.get(VISITS)
    session.clear()
    if visits:
        session[VISITS] = visits
    login_user(SignedIn(account))


def sign_out() -> None:
    logout_user()
    session.clear()


def remember_visit(appointment_id: UUID) -> None:
    """This browser proved the date of birth for an appointment."""
    visits = [visit for visit in session.get(VISITS, []) if visit != appointment_id.hex]
    session[VISITS] = [*visits, appointment_id.hex][-MOST_VISITS:]


def register(app: Flask) -> None:
    # No `current_user` in templates: the page that says that the database is down would ask it who somebody is.
    login_manager.init_app(app, add_context_processor=False)

    @app.before_request
    def find_actor() -> None:
        g.actor = _current_actor()


def _current_actor() -> Actor:
    visits = frozenset(UUID(hex=visit) for visit in session.get(VISITS, []))
    if not current_user.is_authenticated:
        return guest(visits) if visits else ANONYMOUS
    staff: Actor = current_user.actor
    return staff.visiting(visits)
