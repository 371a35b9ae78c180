"""The addresses that join links lead to."""

from flask import current_app, url_for

from telehealth.booking.models import JoinLink
from telehealth.booking.services.links import LinkSigner
from telehealth.extensions import config


def link_signer() -> LinkSigner:
    signer: LinkSigner = current_app.extensions["telehealth.link_signer"]
    return signer


def join_address(link: JoinLink) -> str:
    """As it stands in a message: with the service's own host."""
    return config().base_url + url_for("video.join", token=link_signer().sign(link.id))
