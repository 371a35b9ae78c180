"""What an administrator types about staff."""

from collections.abc import Iterable
from uuid import UUID

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, IntegerField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from telehealth.accounts.forms import TEXT_FILTERS, PageForm
from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.contacts import normal_email_or_none
from telehealth.actor import Role
from telehealth.admin.services.staff import Held, NewStaff


def role_text(role: Role) -> str:
    return {
        Role.RECEPTIONIST: gettext("Receptionist"),
        Role.CLINICIAN: gettext("Clinician"),
        Role.ADMINISTRATOR: gettext("Administrator"),
    }[role]


def held_value(service_id: UUID, role: Role) -> str:
    """A role in a service as the value of a checkbox."""
    return f"{role.value}/{service_id}"


def read_held(value: str) -> Held | None:
    role, _, service_id = value.partition("/")
    try:
        return UUID(service_id), Role(role)
    except ValueError:
        return None


class RolesForm(PageForm):
    """Checkboxes: a role in a service each."""

    # The service decides what may be chosen, not the form.
    roles = SelectMultipleField(_l("Roles"), validate_choice=False, choices=[])
    version = IntegerField(default=0)

    def held(self) -> frozenset[Held]:
        found = (read_held(value) for value in self.roles.data or [])
        return frozenset(held for held in found if held is not None)


class NewStaffForm(RolesForm):
    prefix = StringField(
        _l("Title (optional)"),
        filters=TEXT_FILTERS,
        validators=[Length(max=20, message=_l("Shorten the title to 20 characters or fewer"))],
    )
    given_name = StringField(
        _l("First name"),
        filters=TEXT_FILTERS,
        validators=[DataRequired(_l("Enter the first name")), Length(max=90)],
    )
    family_name = StringField(
        _l("Last name"),
        filters=TEXT_FILTERS,
        validators=[DataRequired(_l("Enter the last name")), Length(max=90)],
    )
    email = EmailField(
        _l("Work email address"),
        filters=TEXT_FILTERS,
        validators=[InputRequired(_l("Enter the email address")), Length(max=254)],
    )

    def validate_email(self, field: EmailField) -> None:
        if normal_email_or_none(field.data or "") is None:
            raise ValidationError(str(_l("Enter an email address, for example name@example.com")))

    def new_staff(self) -> NewStaff:
        return NewStaff(
            email=normal_email_or_none(self.email.data or "") or "",
            prefix=self.prefix.data or "",
            given_name=self.given_name.data or "",
            family_name=self.family_name.data or "",
            roles=self.held(),
        )


class FactorForm(PageForm):
    reason = StringField(
        _l("How did you make sure who is asking?"),
        filters=TEXT_FILTERS,
        validators=[DataRequired(_l("Enter how you made sure who is asking")), Length(max=200)],
    )


def role_choices(services: Iterable[HealthcareService], chosen: Iterable[str]) -> list[dict[str, object]]:
    """Checkboxes by service, for the NHS component."""
    ticked = set(chosen)
    return [
        {
            "title": service.name,
            "name": f"roles-{service.id}",
            "items": [
                {
                    "value": held_value(service.id, role),
                    "text": role_text(role),
                    "checked": held_value(service.id, role) in ticked,
                }
                for role in Role
            ],
        }
        for service in services
    ]
