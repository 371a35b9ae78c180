"""What patients type when they book, move or cancel themselves."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from telehealth.accounts.forms import TEXT_FILTERS, PageForm, PatientForm, Whose
from telehealth.accounts.models import Patient
from telehealth.accounts.services.patients import PatientDetails
from telehealth.booking.domain.appointment import CancelReason, Mode
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.form_fields import read_key
from telehealth.errors import NotFound


def patients_joins_text(joins: InterpreterJoins) -> str:
    """How an interpreter joins, said to the patient."""
    return {
        InterpreterJoins.VIDEO: gettext("By video, on their own screen"),
        InterpreterJoins.PHONE: gettext("By phone"),
        InterpreterJoins.WITH_PATIENT: gettext("They are in the room with me"),
        InterpreterJoins.IN_PERSON: gettext("At the clinic"),
    }[joins]


class _AboutMixin:
    """What it is about, and whether an interpreter is needed."""

    reason = TextAreaField(
        _l("What is it about? (optional)"),
        filters=TEXT_FILTERS,
        validators=[Length(max=500, message=_l("Shorten what it is about to 500 characters or fewer"))],
    )
    needs_interpreter = RadioField(
        _l("Do you need an interpreter?"),
        choices=[],
        validate_choice=False,
        default="no",
    )
    interpreter_language = StringField(
        _l("Which language?"),
        filters=TEXT_FILTERS,
        validators=[Length(max=80, message=_l("Shorten the language to 80 characters or fewer"))],
    )
    interpreter_joins = RadioField(_l("How will the interpreter join?"), validate_choice=False, choices=[])
    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])


def _fill(form: "OwnBookingForm | AskingForm") -> None:
    form.needs_interpreter.choices = [("no", gettext("No")), ("yes", gettext("Yes"))]
    form.interpreter_joins.choices = [(each.value, patients_joins_text(each)) for each in InterpreterJoins]


def read_joins(form: "OwnBookingForm | AskingForm") -> InterpreterJoins | None:
    if form.needs_interpreter.data != "yes":
        return None
    return next((each for each in InterpreterJoins if each.value == form.interpreter_joins.data), None)


def read_language(form: "OwnBookingForm | AskingForm") -> str:
    return (form.interpreter_language.data or "") if form.needs_interpreter.data == "yes" else ""


def _is_interpreter_said(form: "OwnBookingForm | AskingForm") -> bool:
    """Whoever needs one says which language, and how they join."""
    if form.needs_interpreter.data != "yes":
        return True
    is_said = True
    if not form.interpreter_language.data:
        form.interpreter_language.errors = [gettext("Enter the language of the interpreter")]
        is_said = False
    if read_joins(form) is None:
        form.interpreter_joins.errors = [gettext("Choose how the interpreter will join")]
        is_said = False
    return is_said


class OwnBookingForm(_AboutMixin, PageForm):
    """Of somebody whom the service knows."""

    patient = RadioField(_l("Who is it for?"), validate_choice=False, choices=[])

    def fill_choices(self, people: Sequence[Patient]) -> None:
        _fill(self)
        self.patient.choices = [(str(person.id), person.display_name) for person in people]
        if len(people) == 1 and not self.patient.data:
            self.patient.data = str(people[0].id)

    def is_complete(self, people: Sequence[Patient]) -> bool:
        """Raises NotFound for somebody else's patient."""
        is_valid = bool(self.validate_on_submit())
        if self.patient.data and self.patient_id() not in {person.id for person in people}:
            raise NotFound
        if self.patient_id() not in {person.id for person in people}:
            self.patient.errors = [gettext("Choose who it is for")]
            is_valid = False
        return _is_interpreter_said(self) and is_valid

    def patient_id(self) -> UUID | None:
        return read_key(self.patient.data)


class AskingForm(_AboutMixin, PatientForm):
    """Of somebody whom the service does not know. `whose` is THEIRS where somebody asks for another person."""

    whose = Whose.YOURS

    def fill_choices(self) -> None:
        _fill(self)

    def is_complete(self, mode: Mode | None) -> bool:
        """The personal details are checked by `details`. Who is called needs a phone."""
        is_valid = _is_interpreter_said(self)
        if mode is Mode.PHONE and not self.phone.data:
            self.phone.errors = [gettext("Enter a phone number, so that we can call you")]
            is_valid = False
        elif not self.phone.data and not self.email.data:
            self.phone.errors = [
                gettext("Enter a phone number or an email address, so that we can reach you")
            ]
            is_valid = False
        return is_valid

    def details(self, today: date) -> PatientDetails | None:
        """As it is, with names asked for in the words of `whose`."""
        found = super().details(today)
        is_own = self.whose is Whose.YOURS
        if not self.given_name.data:
            self.given_name.errors = [
                gettext("Enter your first name") if is_own else gettext("Enter their first name")
            ]
        if not self.family_name.data:
            self.family_name.errors = [
                gettext("Enter your last name") if is_own else gettext("Enter their last name")
            ]
        return found


class OwnMoveForm(PageForm):
    version = IntegerField(validators=[InputRequired()])
    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])


OWN_CANCEL_REASONS = (CancelReason.PATIENT, CancelReason.PATIENT_UNWELL, CancelReason.NOT_NEEDED)


class OwnCancelForm(PageForm):
    reason = RadioField(_l("Why do you cancel it? (optional)"), validate_choice=False, choices=[])
    note = TextAreaField(
        _l("Is there anything that you want to tell us? (optional)"),
        filters=TEXT_FILTERS,
        validators=[Length(max=500, message=_l("Shorten it to 500 characters or fewer"))],
    )
    version = IntegerField(validators=[InputRequired()])

    def fill_choices(self) -> None:
        words = {
            CancelReason.PATIENT: gettext("I cannot come then"),
            CancelReason.PATIENT_UNWELL: gettext("I am too unwell"),
            CancelReason.NOT_NEEDED: gettext("I do not need it any more"),
        }
        self.reason.choices = [(each.value, words[each]) for each in OWN_CANCEL_REASONS]

    def chosen(self) -> CancelReason:
        """Nobody has to say why."""
        chosen = (each for each in OWN_CANCEL_REASONS if each.value == self.reason.data)
        return next(chosen, CancelReason.PATIENT)
