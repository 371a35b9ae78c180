"""Signing in, setting up, and somebody's own sign-in."""

import json
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit
from uuid import UUID

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session
from webauthn.helpers import bytes_to_base64url

from telehealth.accounts.domain.session import Stage
from telehealth.accounts.models import (
    Account,
    AuthenticatorApp,
    BrowserSession,
    ChallengePurpose,
    Passkey,
    PasskeyChallenge,
    SetUpPurpose,
)
from telehealth.accounts.services.passkeys import _hash as hash_challenge
from telehealth.accounts.services.second_factor import make_recovery_codes
from telehealth.accounts.services.sessions import begin_session, find_sign_in
from telehealth.accounts.services.set_up import make_set_up_link
from telehealth.accounts.services.sign_in import actor_of
from telehealth.clock import now
from tests.factories import PASSWORD, email_of
from tests.permissions.errands.registry import errand
from tests.permissions.passkey import SoftPasskey
from tests.permissions.people import Person
from tests.permissions.scene import Scene
from tests.permissions.stage import Errand, Form

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NEW_PASSWORD = "marmalade umbrella 58 cobalt"
CHALLENGE = sha256(b"a challenge").digest()
ACCOUNT_PAGE = "/account"


# ---- staff sign in --------------------------------------------------------------------------------------------


@errand("POST /sign-in")
def sign_in(scene: Scene) -> Errand:
    form = {"email": email_of(scene.cast.clinician), "password": PASSWORD}
    # Outside the demo a second factor must be set up.
    return Errand("/sign-in", form, leads_to="/sign-in/set-up")


@errand("GET /sign-in/second-factor")
def show_second_factor(scene: Scene) -> Errand:
    give_apps(scene)
    return Errand("/sign-in/second-factor")


@errand("POST /sign-in/second-factor")
def second_factor(scene: Scene) -> Errand:
    give_apps(scene)
    return Errand("/sign-in/second-factor", {"code": pyotp.TOTP(SECRET).at(now())}, leads_to="/")


@errand("POST /sign-in/passkey/options")
def passkey_options(scene: Scene) -> Errand:
    return Errand("/sign-in/passkey/options", json={}, headers={"Accept": "application/json"})


@errand("GET /sign-in/state")
def state(scene: Scene) -> Errand:
    return Errand("/sign-in/state", headers={"Accept": "application/json"})


@errand("POST /sign-in/stay")
def stay(scene: Scene) -> Errand:
    return Errand("/sign-in/stay", json={}, headers={"Accept": "application/json"}, only_reads=True)


@errand("POST /sign-in/again")
def sign_in_again(scene: Scene) -> Errand:
    """Staff give their password, patients and carers a passkey: each has one, and a challenge for it."""
    passkey = _passkey(scene)
    with scene.session() as session:
        for key in ("patient", "other_patient", "carer", "former_carer"):
            account = scene.accounts[key]
            _keep(session, passkey, account, distinct=key)
            _challenge(session, ChallengePurpose.SECOND_FACTOR, account.id, distinct=key)

    def form(person: Person) -> Form:
        account = scene.accounts.get(person.key)
        if account is not None and account.email is None:
            return {"passkey": _signed(scene, person.key)}
        return {"password": PASSWORD}

    return Errand("/sign-in/again", form, leads_to="/")


@errand("POST /sign-out")
def sign_out(scene: Scene) -> Errand:
    return Errand("/sign-out", leads_to="/")


# ---- a first sign-in ------------------------------------------------------------------------------------------


def _set_up_link(scene: Scene) -> str:
    with scene.session() as session:
        account = session.merge(scene.cast.colleague)
        administrator = actor_of(scene.cast.administrator)
        return make_set_up_link(session, administrator, account, SetUpPurpose.FIRST_SIGN_IN)


@errand("GET /welcome/<token>")
def show_welcome(scene: Scene) -> Errand:
    return Errand(f"/welcome/{_set_up_link(scene)}")


@errand("POST /welcome/<token>")
def welcome(scene: Scene) -> Errand:
    return Errand(
        f"/welcome/{_set_up_link(scene)}", {"new_password": NEW_PASSWORD}, leads_to="/sign-in/set-up"
    )


@errand("POST /sign-in/set-up/passkey/options")
def set_up_passkey_options(scene: Scene) -> Errand:
    return Errand("/sign-in/set-up/passkey/options", json={}, headers={"Accept": "application/json"})


@errand("POST /sign-in/set-up/passkey")
def set_up_passkey(scene: Scene) -> Errand:
    form = {"passkey": _registered(scene, [scene.cast.clinician])}
    return Errand("/sign-in/set-up/passkey", form, leads_to="/sign-in/set-up/codes")


@errand("GET /sign-in/set-up/app")
def show_set_up_app(scene: Scene) -> Errand:
    begin_apps(scene, Stage.SET_UP)
    return Errand("/sign-in/set-up/app")


@errand("POST /sign-in/set-up/app")
def set_up_app(scene: Scene) -> Errand:
    return Errand("/sign-in/set-up/app", leads_to="/sign-in/set-up/app")


@errand("POST /sign-in/set-up/app/code")
def set_up_app_code(scene: Scene) -> Errand:
    begin_apps(scene, Stage.SET_UP)
    form = {"code": pyotp.TOTP(SECRET).at(now())}
    return Errand("/sign-in/set-up/app/code", form, leads_to="/sign-in/set-up/codes")


@errand("GET /sign-in/set-up/codes")
def show_set_up_codes(scene: Scene) -> Errand:
    give_apps(scene)
    return Errand("/sign-in/set-up/codes")


@errand("POST /sign-in/set-up/codes")
def set_up_codes(scene: Scene) -> Errand:
    give_apps(scene)
    return Errand("/sign-in/set-up/codes")


@errand("POST /sign-in/set-up/finish")
def finish_set_up(scene: Scene) -> Errand:
    give_apps(scene)
    return Errand("/sign-in/set-up/finish", leads_to="/")


# ---- somebody's own sign-in -----------------------------------------------------------------------------------


@errand("POST /account/password")
def change_password(scene: Scene) -> Errand:
    form = {"password": PASSWORD, "new_password": NEW_PASSWORD, "end_others": "y"}
    return Errand("/account/password", form, leads_to=ACCOUNT_PAGE)


@errand("POST /account/passkeys")
def add_passkey(scene: Scene) -> Errand:
    answer = _registered(scene, [])
    with scene.session() as session:
        for key, account in scene.accounts.items():
            _challenge(session, ChallengePurpose.REGISTER, account.id, distinct=key)

    def form(person: Person) -> Form:
        if person.key not in scene.accounts:
            return {"passkey": answer}
        return {"passkey": _passkey(scene).register(_challenge_of(person.key))}

    return Errand("/account/passkeys", form, leads_to="/account|/account/recovery-codes")


@errand("POST /account/passkeys/options")
def own_passkey_options(scene: Scene) -> Errand:
    return Errand("/account/passkeys/options", json={}, headers={"Accept": "application/json"})


def _own_passkey(scene: Scene) -> UUID:
    """Of the owner, who has an app too, so that it is not the last factor."""
    give_apps(scene)
    with scene.session() as session:
        return _keep(session, _passkey(scene), scene.cast.clinician).id


@errand("GET /account/passkeys/<uuid:passkey_id>/name")
def show_passkey_name(scene: Scene) -> Errand:
    return Errand(f"/account/passkeys/{_own_passkey(scene)}/name")


@errand("POST /account/passkeys/<uuid:passkey_id>/name")
def name_passkey(scene: Scene) -> Errand:
    address = f"/account/passkeys/{_own_passkey(scene)}/name"
    return Errand(address, {"name": "Blue key"}, leads_to=ACCOUNT_PAGE)


@errand("POST /account/passkeys/<uuid:passkey_id>/remove")
def drop_passkey(scene: Scene) -> Errand:
    return Errand(f"/account/passkeys/{_own_passkey(scene)}/remove", leads_to=ACCOUNT_PAGE)


@errand("GET /account/app")
def show_app(scene: Scene) -> Errand:
    begin_apps(scene)
    return Errand("/account/app")


@errand("POST /account/app")
def add_app(scene: Scene) -> Errand:
    return Errand("/account/app", leads_to="/account/app")


@errand("POST /account/app/code")
def confirm_app(scene: Scene) -> Errand:
    begin_apps(scene)
    form = {"code": pyotp.TOTP(SECRET).at(now())}
    return Errand("/account/app/code", form, leads_to="/account/recovery-codes")


@errand("POST /account/app/remove")
def drop_app(scene: Scene) -> Errand:
    give_apps(scene)
    with scene.session() as session:
        for account in scene.staff_accounts:
            _keep(session, _passkey(scene), account, distinct=str(account.id))
    return Errand("/account/app/remove", leads_to=ACCOUNT_PAGE)


@errand("GET /account/recovery-codes")
def show_recovery_codes(scene: Scene) -> Errand:
    give_apps(scene)
    return Errand("/account/recovery-codes")


@errand("POST /account/recovery-codes")
def recovery_codes(scene: Scene) -> Errand:
    give_apps(scene)
    with scene.session() as session:
        for account in scene.staff_accounts:
            make_recovery_codes(session, actor_of(account), account.id)
    return Errand("/account/recovery-codes")


@errand("POST /account/sessions/<uuid:session_id>/end")
def end_own_session(scene: Scene) -> Errand:
    """Another browser of the owner."""
    return Errand(f"/account/sessions/{_another_session(scene)}/end", leads_to=ACCOUNT_PAGE)


@errand("POST /account/sessions/end-others")
def end_other_sessions(scene: Scene) -> Errand:
    with scene.session() as session:
        for account in scene.accounts.values():
            begin_session(session, account, Stage.SIGNED_IN)
    return Errand("/account/sessions/end-others", leads_to=ACCOUNT_PAGE)


def _another_session(scene: Scene) -> UUID:
    with scene.session() as session:
        found = find_sign_in(session, begin_session(session, scene.cast.clinician, Stage.SIGNED_IN))
    assert found is not None
    return found.session_id


# ---- patients sign in with a passkey --------------------------------------------------------------------------


@errand("POST /my/sign-in/passkey/options")
def patient_passkey_options(scene: Scene) -> Errand:
    return Errand("/my/sign-in/passkey/options", json={}, headers={"Accept": "application/json"})


@errand("POST /my/sign-in/passkey")
def patient_passkey(scene: Scene) -> Errand:
    passkey = _passkey(scene)
    with scene.session() as session:
        _keep(session, passkey, scene.accounts["patient"])
        _challenge(session, ChallengePurpose.SIGN_IN, None)
    return Errand("/my/sign-in/passkey", {"passkey": passkey.sign(CHALLENGE)}, leads_to="/my")


# ---- what they have -------------------------------------------------------------------------------------------


def give_apps(scene: Scene) -> None:
    """Every member of staff has an authenticator app in use, all with one secret."""
    with scene.session() as session:
        for account in scene.staff_accounts:
            app = AuthenticatorApp(account_id=account.id, created_at=now(), confirmed_at=now())
            app.secret = SECRET
            session.add(app)


def begin_apps(scene: Scene, stage: Stage = Stage.SIGNED_IN) -> None:
    """Every member of staff has scanned the code of an app in their browser, and not yet typed a first code."""
    with scene.session() as session:
        for account in scene.staff_accounts:
            browser = select(BrowserSession.id).where(
                BrowserSession.account_id == account.id, BrowserSession.stage == stage
            )
            app = AuthenticatorApp(
                account_id=account.id,
                created_at=now(),
                # The latest: another sign-in of the owner has expired.
                new_secret_session_id=session.scalar(browser.order_by(BrowserSession.last_seen_at.desc())),
            )
            app.new_secret = SECRET
            session.add(app)


_passkeys: dict[int, SoftPasskey] = {}


def _passkey(scene: Scene) -> SoftPasskey:
    base_url = scene.app.extensions["telehealth.config"].base_url
    known = _passkeys.get(id(scene))
    if known is None:
        known = _passkeys[id(scene)] = SoftPasskey(host=urlsplit(base_url).hostname or "", origin=base_url)
    return known


def _keep(session: Session, passkey: SoftPasskey, account: Account, *, distinct: str = "") -> Passkey:
    """The passkey belongs to this account. With `distinct` it has another credential id: they are unique."""
    row = Passkey(
        account_id=account.id,
        credential_id=credential_id(passkey, distinct),
        public_key=passkey.public_key,
        name="Key",
        created_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def credential_id(passkey: SoftPasskey, distinct: str) -> bytes:
    return sha256(distinct.encode()).digest() if distinct else passkey.credential_id


def _challenge_of(distinct: str) -> bytes:
    return sha256(distinct.encode()).digest() if distinct else CHALLENGE


def _challenge(
    session: Session, purpose: ChallengePurpose, account_id: UUID | None, *, distinct: str = ""
) -> None:
    session.add(
        PasskeyChallenge(
            challenge_hash=hash_challenge(_challenge_of(distinct)),
            purpose=purpose,
            account_id=account_id,
            expires_at=now() + timedelta(minutes=5),
        )
    )
    session.flush()


def _signed(scene: Scene, key: str) -> str:
    """The answer of the passkey that `_keep` gave to this person."""
    passkey = _passkey(scene)
    answer = json.loads(passkey.sign(_challenge_of(key)))
    with scene.session() as session:
        own = session.scalars(
            select(Passkey.credential_id).where(Passkey.account_id == scene.accounts[key].id)
        ).one()
    answer["id"] = answer["rawId"] = bytes_to_base64url(own)
    return json.dumps(answer)


def _registered(scene: Scene, accounts: list[Account]) -> str:
    with scene.session() as session:
        for account in accounts:
            _challenge(session, ChallengePurpose.REGISTER, account.id)
    return _passkey(scene).register(CHALLENGE)
