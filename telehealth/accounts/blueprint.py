"""What the pages of staff sign-in share: their blueprint, and where a sign-in leads."""

from uuid import UUID

from flask import Blueprint, abort, flash, redirect, url_for
from werkzeug.wrappers import Response

from telehealth.accounts.domain.session import Stage
from telehealth.accounts.policies import PATIENT_ACCOUNT
from telehealth.accounts.services.passkeys import RelyingParty
from telehealth.accounts.session import current_sign_in
from telehealth.actor import Actor, Role
from telehealth.clock import now
from telehealth.errors import NotSignedIn
from telehealth.extensions import config, wants_json

bp = Blueprint("accounts", __name__)

# A message of this kind offers a second factor on the page after a demo's sign-in.
OFFER = "offer"


def home_of(who: Actor) -> str:
    """The page on which somebody's working day starts."""
    if who.has_role(Role.CLINICIAN):
        return url_for("clinic.today")
    if who.has_role(Role.RECEPTIONIST):
        return url_for("booking.desk")
    if who.has_role(Role.ADMINISTRATOR):
        return url_for("admin.home")
    if PATIENT_ACCOUNT.allows(who):
        return url_for("my.appointments")
    return url_for("accounts.start", show="1")


def local_path(text: str | None) -> str | None:
    """A path of this service, or None: a sign-in never leads to another site."""
    if (
        not text
        or not text.startswith("/")
        or text.startswith("//")
        or "\\" in text
        or not text.isprintable()
    ):
        return None
    return text


def lead_on(wanted: str | None) -> Response:
    """Where somebody goes who has just signed in."""
    return redirect(local_path(wanted) or url_for("accounts.start"), 303)


def offer_second_factor() -> None:
    """In the demo nobody has to have one; the next page says that it is there."""
    flash("second-factor", OFFER)


def party() -> RelyingParty:
    return RelyingParty.of(config().base_url, config().service_name)


def require_stage(stage: Stage) -> UUID:
    """The account whose sign-in is unfinished in this browser. Whoever has none is sent to the beginning."""
    found = current_sign_in()
    if found is None or found.stage is not stage or found.account_id is None or found.times.is_expired(now()):
        if wants_json():
            raise NotSignedIn
        abort(redirect(url_for("accounts.sign_in"), 303))
    return found.account_id
