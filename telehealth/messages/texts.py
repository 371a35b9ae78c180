"""What messages say: no speciality, no reason, no name, no NHS number; somebody else may read them on a locked phone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext

from telehealth.accounts.models import ContactKind
from telehealth.accounts.services.notices import NoticeKind


@dataclass(frozen=True, slots=True)
class Text:
    """`subject` is for e-mails; a text message is its body alone."""

    subject: str
    body: str


def notice_text(
    kind: NoticeKind, channel: ContactKind, values: Mapping[str, str], *, sender: str, phone: str
) -> Text:
    """The text of a notice. `sender`: who runs the service; `phone`: its number, "" where there are several.

    Raises KeyError where a value is missing.
    """
    subject, lines = _NOTICES[kind](values)
    return letter_text(subject, lines, channel, sender=sender, phone=phone)


def letter_text(subject: str, lines: Sequence[str], channel: ContactKind, *, sender: str, phone: str) -> Text:
    """Lines with what ends every message: whom to call, and who sends it."""
    lines = [*lines, *_closing(sender, phone)]
    if channel is ContactKind.PHONE:
        return Text(subject="", body=" ".join(line for line in lines if line))
    return Text(subject=subject, body="\n".join(lines) + "\n")


def _sign_in_link(values: Mapping[str, str]) -> tuple[str, list[str]]:
    return gettext("Your sign-in link"), [
        gettext("You asked to sign in. Open this link and give your date of birth:"),
        "",
        values["link"],
        "",
        gettext("The link works once, for %(minutes)s minutes.", minutes=values["minutes"]),
        gettext("If you did not ask for it, you do not need to do anything."),
    ]


def _set_up_link(values: Mapping[str, str]) -> tuple[str, list[str]]:
    return gettext("Set up your sign-in"), [
        gettext("Open this link to choose your password and set up your sign-in:"),
        "",
        values["link"],
        "",
        gettext("The link works once. Do not give it to anybody else."),
        gettext("If you did not expect it, tell the administrator of your service."),
    ]


def _contact_code(values: Mapping[str, str]) -> tuple[str, list[str]]:
    return gettext("Your code"), [
        gettext("Your code is %(code)s.", code=values["code"]),
        gettext("It works for %(minutes)s minutes.", minutes=values["minutes"]),
        gettext("If you did not ask for it, you do not need to do anything."),
    ]


def _contact_changed(values: Mapping[str, str]) -> tuple[str, list[str]]:
    changed = (
        gettext("The phone number that we have for you was changed.")
        if values["what"] == ContactKind.PHONE
        else gettext("The email address that we have for you was changed.")
    )
    return gettext("Your contact details were changed"), [
        changed,
        gettext("If this was not you, call us."),
    ]


_NOTICES = {
    NoticeKind.SIGN_IN_LINK: _sign_in_link,
    NoticeKind.SET_UP_LINK: _set_up_link,
    NoticeKind.CONTACT_CODE: _contact_code,
    NoticeKind.CONTACT_CHANGED: _contact_changed,
}


def _closing(sender: str, phone: str) -> list[str]:
    if phone:
        return ["", gettext("Questions? Call %(phone)s.", phone=phone), sender]
    return ["", sender]
