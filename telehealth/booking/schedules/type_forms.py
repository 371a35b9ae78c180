"""Appointment types, shared clinics, rooms, skills and rules of booking, as an administrator types them."""

from uuid import UUID, uuid4

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, RadioField, TextAreaField
from wtforms.validators import DataRequired, Length

from telehealth.accounts.domain.nations import NATIONS
from telehealth.accounts.forms import TEXT_FILTERS, PageForm
from telehealth.booking.domain.appointment_type import Booker, Priority
from telehealth.booking.form_fields import (
    NAME_MISSING,
    checkboxes,
    read_key,
    read_modes,
    read_number,
    text,
)
from telehealth.booking.models import AppointmentType, SharedClinic
from telehealth.booking.services.appointment_types import TypeWish
from telehealth.booking.services.shared_clinics import ClinicWish, count_open_lanes, state_of

HOUR = 60
_LONG = _l("Shorten it to 100 characters or fewer")


class TypeForm(PageForm):
    name = text(_l("Name"), validators=[DataRequired(NAME_MISSING), Length(max=100, message=_LONG)])
    minutes = text(_l("How many minutes does it last?"))
    buffer_before_minutes = text(_l("Minutes kept free before it"))
    buffer_after_minutes = text(_l("Minutes kept free after it"))
    modes = checkboxes(_l("How can people meet?"))
    required_skill = text(
        _l("Skill that the clinician must have (optional)"),
        validators=[Length(max=60, message=_l("Shorten it to 60 characters or fewer"))],
    )
    priority = RadioField(_l("How urgent is it?"), validate_choice=False, choices=[])
    booker = RadioField(_l("Who may book it?"), validate_choice=False, choices=[])
    notice_minutes = text(_l("Minutes of notice that you need before it"))
    days_ahead = text(_l("Days ahead that patients can book it"))
    change_hours = text(_l("Hours before it until which patients can move or cancel it"))
    is_active = BooleanField(_l("It can be booked"), default=True)
    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])
    version = IntegerField(default=0)

    def wish(self) -> TypeWish | None:
        """What was typed; None with an error beside each field that is to blame."""
        self.validate()
        numbers = {
            name: read_number(getattr(self, name))
            for name in (
                "minutes",
                "buffer_before_minutes",
                "buffer_after_minutes",
                "notice_minutes",
                "days_ahead",
                "change_hours",
            )
        }
        modes = read_modes(self.modes)
        if not modes:
            self.modes.errors = [gettext("Choose at least one way of meeting")]
        if self.priority.data not in {one.value for one in Priority}:
            self.priority.errors = [gettext("Choose how urgent it is")]
        if self.booker.data not in {one.value for one in Booker}:
            self.booker.errors = [gettext("Choose who may book it")]
        if self.errors:
            return None
        known = {name: number or 0 for name, number in numbers.items()}
        return TypeWish(
            name=self.name.data or "",
            minutes=known["minutes"],
            buffer_before_minutes=known["buffer_before_minutes"],
            buffer_after_minutes=known["buffer_after_minutes"],
            modes=modes,
            required_skill=self.required_skill.data or "",
            priority=Priority(self.priority.data),
            booker=Booker(self.booker.data),
            notice_minutes=known["notice_minutes"],
            days_ahead=known["days_ahead"],
            change_minutes=known["change_hours"] * HOUR,
            is_active=bool(self.is_active.data),
        )

    def fill(self, type_: AppointmentType) -> None:
        for name in ("name", "required_skill", "is_active", "version"):
            getattr(self, name).data = getattr(type_, name)
        for name in (
            "minutes",
            "buffer_before_minutes",
            "buffer_after_minutes",
            "notice_minutes",
            "days_ahead",
        ):
            getattr(self, name).data = str(getattr(type_, name))
        self.modes.data = [mode.value for mode in type_.modes]
        self.priority.data, self.booker.data = type_.priority.value, type_.booker.value
        # Rounded up: saving the form unchanged never gives patients more than the type did.
        self.change_hours.data = str(-(-type_.change_minutes // HOUR))

    def fill_new(self) -> None:
        """What most types are."""
        self.minutes.data, self.days_ahead.data = "15", "84"
        self.buffer_before_minutes.data = self.buffer_after_minutes.data = "0"
        self.notice_minutes.data, self.change_hours.data = "60", "24"
        self.modes.data = ["video"]
        self.priority.data, self.booker.data = Priority.ROUTINE.value, Booker.KNOWN.value
        self.is_active.data = True


class ClinicForm(PageForm):
    name = text(_l("Name"), validators=[DataRequired(NAME_MISSING), Length(max=100, message=_LONG)])
    leader = RadioField(_l("Who leads it?"), validate_choice=False, choices=[])
    members = checkboxes(_l("Who else sits in it?"))
    lanes = text(_l("How many patients are seen at the same time?"))
    idempotency_key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=64)])
    # What the page showed, so that nobody changes what they did not see.
    seen = HiddenField(validators=[Length(max=5000)])

    def wish(self) -> ClinicWish | None:
        """What was typed; None with an error beside each field that is to blame."""
        self.validate()
        leader = read_key(self.leader.data)
        if leader is None:
            self.leader.errors = [gettext("Choose who leads it")]
        lanes = read_number(self.lanes)
        if self.errors or leader is None or lanes is None:
            return None
        others: list[UUID] = []
        for value in self.members.data or []:
            key = read_key(value)
            if key is not None and key != leader and key not in others:
                others.append(key)
        return ClinicWish(name=self.name.data or "", practitioner_ids=(leader, *others), lanes=lanes)

    def fill(self, clinic: SharedClinic) -> None:
        keys = [str(member.practitioner_id) for member in clinic.members]
        self.name.data, self.lanes.data, self.seen.data = (
            clinic.name,
            str(count_open_lanes(clinic)),
            state_of(clinic),
        )
        self.leader.data, self.members.data = keys[0] if keys else "", keys[1:]


class RoomForm(PageForm):
    name = text(
        _l("Name of the room"),
        validators=[DataRequired(_l("Enter the name of the room")), Length(max=100, message=_LONG)],
    )


class SkillsForm(PageForm):
    skills = TextAreaField(
        _l("Skills"),
        filters=TEXT_FILTERS,
        validators=[Length(max=3000, message=_l("Enter at most 40 skills of at most 60 characters each."))],
    )

    def typed(self) -> list[str]:
        return (self.skills.data or "").splitlines()


class RulesForm(PageForm):
    nation = RadioField(_l("Which nation’s bank holidays does it keep?"), validate_choice=False, choices=[])
    holidays = RadioField(_l("Do sessions take place on bank holidays?"), validate_choice=False, choices=[])
    emergency_advice = TextAreaField(
        _l("Advice in an emergency (optional)"),
        filters=TEXT_FILTERS,
        validators=[Length(max=1000, message=_l("Shorten the advice to 1000 characters or fewer"))],
    )

    def kept_nation(self, current: str) -> str | None:
        """The nation; None with an error on the field. `current`: where the page was opened before it asked."""
        if self.nation.data is None:
            self.nation.data = current
        if self.nation.data not in NATIONS:
            self.nation.errors = [gettext("Choose the nation whose bank holidays it keeps")]
            return None
        return str(self.nation.data)

    def closes(self) -> bool | None:
        """Whether the service closes; None with an error on the field."""
        if self.holidays.data not in ("closed", "open"):
            self.holidays.errors = [gettext("Choose whether sessions take place on bank holidays")]
            return None
        return bool(self.holidays.data == "closed")
