"""The service in whose name a page speaks: its name and its phone number stand on every page."""

from dataclasses import dataclass

from flask import Flask, g

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.staff import only_service
from telehealth.config import Config
from telehealth.extensions import actor, config, reading


@dataclass(frozen=True, slots=True)
class PageService:
    name: str
    phone: str | None

    @property
    def phone_href(self) -> str:
        return "tel:" + "".join(c for c in self.phone or "" if c.isdigit() or c == "+")


def speak_for(service: HealthcareService, *, is_named: bool = True) -> None:
    """Put a service's name and phone number on the page that is being made. Not named: the number alone."""
    g.page_service = PageService(service.name if is_named else config().service_name, service.phone)


def speak_for_the_only_service() -> None:
    """Where nobody's service is known yet: if there is just one, its name and phone number are everybody's."""
    with reading() as session:
        service = only_service(session)
    if service:
        speak_for(service)


def register(app: Flask, settings: Config) -> None:
    nameless = PageService(settings.service_name, None)

    @app.context_processor
    def names() -> dict[str, object]:
        # No database here: error pages are made while it may be down.
        return {"service": g.get("page_service", nameless), "actor": actor()}
