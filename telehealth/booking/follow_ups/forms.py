"""What is typed about a request to see a patient."""

from datetime import date

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.validators import DataRequired, Length

from telehealth.accounts.domain.typed_date import read_typed_date
from telehealth.accounts.forms import TEXT_FILTERS, DateField, PageForm, set_error
from telehealth.accounts.models import Practitioner
from telehealth.booking.form_fields import fill_date
from telehealth.booking.services.follow_up_work import MAX_REASON


class CloseForm(PageForm):
    """Why nobody needs to see the patient for it any more."""

    version = HiddenField()
    reason = TextAreaField(
        _l("Why does the patient not need to be seen for this?"),
        filters=TEXT_FILTERS,
        validators=[
            DataRequired(_l("Enter why the patient does not need to be seen for this")),
            Length(max=MAX_REASON),
        ],
    )


class ChangeForm(PageForm):
    """Who answers for it, and by when."""

    version = HiddenField()
    owner_id = SelectField(_l("Who answers for it"), choices=[])
    see_by = DateField(_l("See the patient by"))

    def offer(self, owners: list[Practitioner]) -> None:
        """Whoever answers for it now and does not work there any more cannot be chosen."""
        known = [(str(owner.id), owner.display_name) for owner in owners]
        is_known = self.owner_id.data in dict(known)
        self.owner_id.choices = known if is_known else [("", gettext("Choose")), *known]

    def show(self, owner_id: str, see_by: date) -> None:
        """What is kept now."""
        self.owner_id.data = owner_id
        fill_date(self.see_by, see_by)

    def chosen_date(self) -> date | None:
        """None with the error set where it cannot be read."""
        try:
            return read_typed_date(*self.see_by.form.typed())
        except ValueError:
            set_error(self.see_by, gettext("Enter a real date, for example 5 3 2027"))
            return None
