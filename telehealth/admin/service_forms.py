"""What an administrator types about services."""

from uuid import uuid4

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, StringField, TelField
from wtforms.validators import DataRequired, InputRequired, Length

from telehealth.accounts.forms import TEXT_FILTERS, PageForm


class ServiceForm(PageForm):
    name = StringField(
        _l("Name"),
        filters=TEXT_FILTERS,
        validators=[DataRequired(_l("Enter the name of the service")), Length(max=200)],
    )
    phone = TelField(
        _l("Phone number"),
        filters=TEXT_FILTERS,
        validators=[DataRequired(_l("Enter the phone number that patients call")), Length(max=30)],
    )
    is_restricted = BooleanField(_l("Restricted: others only see that a patient is busy"))


class NewServiceForm(ServiceForm):
    nation = RadioField(
        _l("Which nation’s bank holidays does it keep?"),
        validate_choice=False,
        choices=[],
        validators=[InputRequired(_l("Choose the nation whose bank holidays it keeps"))],
    )
    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])
