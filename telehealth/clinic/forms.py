"""What is typed to open a record in an emergency."""

from datetime import date

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import Length, StopValidation

from telehealth.accounts.domain.nhs_number import plain_nhs_number
from telehealth.accounts.forms import TEXT_FILTERS, DateField, PageForm, read_birth_date, set_error
from telehealth.clinic.services.emergency import Wanted


class EmergencyForm(PageForm):
    nhs_number = StringField(_l("NHS number"), filters=TEXT_FILTERS, validators=[Length(max=20)])
    family_name = StringField(_l("Last name"), filters=TEXT_FILTERS, validators=[Length(max=100)])
    birth_date = DateField(_l("Date of birth"))
    reason = TextAreaField(_l("Why do you need this record now?"), filters=TEXT_FILTERS)

    def wanted(self, today: date) -> Wanted | None:
        """Whose record was asked for; None with the error set where the date cannot be read."""
        born = None
        number = plain_nhs_number(self.nhs_number.data or "")
        if not number and any(self.birth_date.form.typed()):
            try:
                born = read_birth_date(self.birth_date, today)
            except StopValidation as problem:
                set_error(self.birth_date, str(problem))
                return None
        return Wanted(nhs_number=number or None, family_name=self.family_name.data or "", birth_date=born)
