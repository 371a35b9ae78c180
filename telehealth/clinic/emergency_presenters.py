"""A record that was opened in an emergency, and the list for its review, in words."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext

from telehealth.actor import Actor
from telehealth.clinic.models import EmergencyAccess
from telehealth.clinic.policies import may_review
from telehealth.clinic.services.emergency import RecordEntry
from telehealth.dates import instant_text
from telehealth.notes.domain.headings import BY_CODE


def record_entries(entries: Iterable[RecordEntry], time_zone: str) -> list[dict[str, Any]]:
    return [
        {
            "title": entry.service_name,
            "signed_text": gettext(
                "Version %(number)s, signed by %(name)s, %(when)s",
                number=entry.version.number,
                name=entry.author_name,
                when=instant_text(entry.version.signed_at, time_zone),
            ),
            "sections": [
                {"title": gettext(BY_CODE[section.code].title), "text": section.text}
                for section in sorted(
                    entry.version.sections, key=lambda section: list(BY_CODE).index(section.code)
                )
            ],
        }
        for entry in entries
    ]


def access_rows(
    accesses: Iterable[EmergencyAccess], hidden: Collection[UUID], actor: Actor, time_zone: str
) -> list[dict[str, Any]]:
    """`hidden`: the patients whose names the actor may not see."""
    return [
        {
            "id": str(access.id),
            "when": instant_text(access.granted_at, time_zone),
            "who": access.account.display_name,
            "patient": gettext("a protected patient")
            if access.patient_id in hidden
            else access.patient.display_name,
            "reason": access.reason,
            "reviewed": gettext("Reviewed %(when)s", when=instant_text(access.reviewed_at, time_zone))
            if access.reviewed_at
            else "",
            "review_url": url_for("emergency.mark_reviewed", access_id=access.id)
            if access.reviewed_at is None and may_review(actor, access)
            else None,
        }
        for access in accesses
    ]
