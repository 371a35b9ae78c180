"""A request to see a patient, and what a clinician decides about it."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.forms import set_error
from telehealth.accounts.services.merges import survivor_of
from telehealth.accounts.services.protection import find_hidden
from telehealth.audit.services import record_event
from telehealth.booking.code_texts import cancel_reason_text
from telehealth.booking.domain.follow_up import FollowUpReason
from telehealth.booking.follow_ups.forms import ChangeForm, CloseForm
from telehealth.booking.follow_ups.presenters import (
    follow_up_card,
    follow_up_line,
)
from telehealth.booking.form_fields import read_key
from telehealth.booking.models import FollowUpRequest
from telehealth.booking.policies import FOLLOW_UPS, may_decide_follow_up
from telehealth.booking.services.follow_up_work import (
    change_follow_up,
    close_follow_up,
    count_follow_ups,
    find_left_behind,
    get_follow_up,
    list_owners,
)
from telehealth.booking.services.history import find_cancel_reason
from telehealth.clock import now, uk_today
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, InvalidInput, NotFound
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for

bp = Blueprint("follow_ups", __name__, url_prefix="/follow-ups")


@bp.app_context_processor
def count_elsewhere() -> dict[str, Any]:
    """For pages of others: asked only where it is shown."""
    return {"follow_up_line": _line}


@bp.get("/<uuid:follow_up_id>", endpoint="one")
@guarded(FOLLOW_UPS)
def one_page(follow_up_id: UUID) -> ResponseReturnValue:
    return _page(follow_up_id)


@bp.post("/<uuid:follow_up_id>/close")
@guarded(FOLLOW_UPS)
def close(follow_up_id: UUID) -> ResponseReturnValue:
    form = CloseForm()
    if not form.validate_on_submit():
        _require_decider(follow_up_id)
        return _page(follow_up_id, close_form=form, status=422)
    try:
        with transaction() as session:
            close_follow_up(
                session,
                actor(),
                follow_up_id,
                version=_version(form.version.data),
                reason=form.reason.data or "",
            )
    except (Conflict, InvalidInput) as error:
        set_error(form.reason, message_of(error))
        return _page(follow_up_id, close_form=form, status=error.status)
    flash(gettext("The request is closed. The reason is kept with it."))
    return redirect(url_for("follow_ups.list"), 303)


@bp.post("/<uuid:follow_up_id>/change")
@guarded(FOLLOW_UPS)
def change(follow_up_id: UUID) -> ResponseReturnValue:
    form = ChangeForm()
    _require_decider(follow_up_id)
    see_by, owner_id = form.chosen_date(), read_key(form.owner_id.data)
    if owner_id is None:
        set_error(form.owner_id, gettext("Choose who answers for it"))
    if see_by is None or owner_id is None:
        return _page(follow_up_id, change_form=form, status=422)
    try:
        with transaction() as session:
            change_follow_up(
                session,
                actor(),
                follow_up_id,
                version=_version(form.version.data),
                owner_id=owner_id,
                see_by=see_by,
            )
    except (Conflict, InvalidInput) as error:
        is_owner = isinstance(error, InvalidInput) and error.field == "owner_id"
        set_error(form.owner_id if is_owner else form.see_by, message_of(error))
        return _page(follow_up_id, change_form=form, status=error.status)
    flash(gettext("The request is changed."))
    return redirect(url_for("follow_ups.one", follow_up_id=follow_up_id), 303)


def _page(
    follow_up_id: UUID,
    *,
    close_form: CloseForm | None = None,
    change_form: ChangeForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    with transaction() as session:
        found = get_follow_up(session, actor(), follow_up_id)
        speak_for(found.service)
        is_hidden = found.patient_id in find_hidden(session, actor(), [found.patient_id])
        record_id = survivor_of(session, found.patient_id)
        card = follow_up_card(
            found,
            actor(),
            now(),
            is_hidden=is_hidden,
            record_id=record_id,
            is_left_behind=bool(find_left_behind(session, [found])),
        )
        is_cancelled = found.reason is FollowUpReason.CANCELLED
        cancel_reason = find_cancel_reason(session, found.appointment) if is_cancelled else None
        forms = _forms(session, found, close_form, change_form) if card.can_decide else {}
        record_event(
            session,
            actor(),
            "follow-up.opened",
            subject_kind="follow-up",
            subject_id=found.id,
            patient_id=found.patient_id,
            service_id=found.service_id,
        )
    refused = close_form or change_form
    # It may have ended meanwhile, and then there is no form to show the message in.
    problems = [] if forms or refused is None else [str(m) for errs in refused.errors.values() for m in errs]
    return (
        render_template(
            "follow_ups/one.html",
            card=card,
            cancel_text=cancel_reason_text(cancel_reason) if cancel_reason else "",
            problems=problems,
            refused=refused,
            **forms,
        ),
        status,
    )


def _forms(
    session: Session, found: FollowUpRequest, close_form: CloseForm | None, change_form: ChangeForm | None
) -> dict[str, Any]:
    owners = list_owners(session, actor())
    if change_form is None:
        change_form = ChangeForm()
        change_form.show(str(found.owner_id), found.see_by)
    change_form.offer(owners)
    return {"close_form": close_form or CloseForm(), "change_form": change_form}


def _line() -> dict[str, str]:
    """The link to the list with how many wait, for the desk and the clinic list."""
    with reading() as session:
        count = count_follow_ups(session, actor(), today=uk_today())
    return follow_up_line(count, actor())


def _require_decider(follow_up_id: UUID) -> None:
    """Whoever may not decide gets the same answer, whatever they typed."""
    with transaction() as session:
        if not may_decide_follow_up(actor(), get_follow_up(session, actor(), follow_up_id)):
            raise NotFound


def _version(text: str | None) -> int:
    """0, which no request has, for what is no number."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else 0
