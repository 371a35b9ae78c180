"""What a service offers, and when: appointment types, schedules, shared clinics, rooms, exceptions."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Time, UniqueConstraint, text, true
from sqlalchemy import false as sql_false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.models import OrganisationOwned, Practitioner, ServiceOwned
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.appointment_type import Booker, Priority
from telehealth.clock import now
from telehealth.db import Base, Keyed, stored_by_value


class AppointmentType(ServiceOwned, Base):
    """What can be booked in a service, with its rules. FHIR Appointment.appointmentType and its service type."""

    __tablename__ = "appointment_type"

    name: Mapped[str] = mapped_column(String(100))
    minutes: Mapped[int] = mapped_column()
    # Kept free for the clinician before and after; part of the clinician's claim only.
    buffer_before_minutes: Mapped[int] = mapped_column(default=0)
    buffer_after_minutes: Mapped[int] = mapped_column(default=0)
    is_by_video: Mapped[bool] = mapped_column(default=True)
    is_by_phone: Mapped[bool] = mapped_column(default=False)
    is_in_person: Mapped[bool] = mapped_column(default=False)
    # A skill that the clinician must have (`PractitionerSkill`); "" for none.
    required_skill: Mapped[str] = mapped_column(String(60), default="")
    priority: Mapped[Priority] = mapped_column(stored_by_value(Priority), default=Priority.ROUTINE)
    booker: Mapped[Booker] = mapped_column(stored_by_value(Booker), default=Booker.KNOWN)
    # For patients: how soon and how far ahead, and how late it may be moved or cancelled.
    notice_minutes: Mapped[int] = mapped_column(default=60)
    days_ahead: Mapped[int] = mapped_column(default=84)
    change_minutes: Mapped[int] = mapped_column(default=24 * 60)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        UniqueConstraint("service_id", "name"),
        CheckConstraint("minutes BETWEEN 1 AND 480", name="minutes_sensible"),
        CheckConstraint(
            "buffer_before_minutes BETWEEN 0 AND 240 AND buffer_after_minutes BETWEEN 0 AND 240",
            name="buffers_sensible",
        ),
        CheckConstraint("is_by_video OR is_by_phone OR is_in_person", name="some_mode"),
        CheckConstraint(
            "notice_minutes >= 0 AND days_ahead BETWEEN 1 AND 730 AND change_minutes >= 0",
            name="limits_sensible",
        ),
    )

    @property
    def modes(self) -> tuple[Mode, ...]:
        return modes_of(self.is_by_video, self.is_by_phone, self.is_in_person)


def modes_of(is_by_video: bool, is_by_phone: bool, is_in_person: bool) -> tuple[Mode, ...]:
    chosen = ((Mode.VIDEO, is_by_video), (Mode.PHONE, is_by_phone), (Mode.IN_PERSON, is_in_person))
    return tuple(mode for mode, is_offered in chosen if is_offered)


class Room(ServiceOwned, Base):
    """A consulting room; whoever meets in person in a session with a room claims it. FHIR Location."""

    __tablename__ = "room"

    name: Mapped[str] = mapped_column(String(100))
    is_active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (UniqueConstraint("service_id", "name"),)


class PractitionerSkill(ServiceOwned, Base):
    """Something that a clinician can do in a service, named as in `AppointmentType.required_skill`."""

    __tablename__ = "practitioner_skill"

    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioner.id"), index=True)
    skill: Mapped[str] = mapped_column(String(60))

    __table_args__ = (UniqueConstraint("service_id", "practitioner_id", "skill"),)


class SharedClinic(ServiceOwned, Base):
    """A clinic of several clinicians with one list: a session is booked, not a person. Its lanes are booked."""

    __tablename__ = "shared_clinic"

    name: Mapped[str] = mapped_column(String(100))

    members: Mapped[list["SharedClinicMember"]] = relationship(
        order_by="SharedClinicMember.position", cascade="all, delete-orphan"
    )
    lanes: Mapped[list["Lane"]] = relationship(order_by="Lane.number", cascade="all, delete-orphan")

    __table_args__ = (UniqueConstraint("service_id", "name"),)

    @property
    def practitioner_ids(self) -> frozenset[UUID]:
        return frozenset(member.practitioner_id for member in self.members)


class SharedClinicMember(Keyed, Base):
    """A clinician who sits in a shared clinic; the first (position 0) leads it."""

    __tablename__ = "shared_clinic_member"

    shared_clinic_id: Mapped[UUID] = mapped_column(ForeignKey("shared_clinic.id"))
    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioner.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)

    practitioner: Mapped[Practitioner] = relationship()

    __table_args__ = (UniqueConstraint("shared_clinic_id", "practitioner_id"),)


class Lane(OrganisationOwned, Base):
    """One of the patients whom a shared clinic sees at a time. Never deleted: appointments stand in it."""

    __tablename__ = "lane"

    shared_clinic_id: Mapped[UUID] = mapped_column(ForeignKey("shared_clinic.id"))
    number: Mapped[int] = mapped_column()
    # False: nothing new is booked into it.
    is_open: Mapped[bool] = mapped_column(default=True)

    shared_clinic: Mapped[SharedClinic] = relationship(back_populates="lanes")

    __table_args__ = (UniqueConstraint("shared_clinic_id", "number"),)


class Schedule(ServiceOwned, Base):
    """A recurring session of a clinician or of a shared clinic, in the local wall time of the service. FHIR Schedule."""

    __tablename__ = "schedule"

    # Whose session: exactly one of the two.
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioner.id"), index=True)
    shared_clinic_id: Mapped[UUID | None] = mapped_column(ForeignKey("shared_clinic.id"), index=True)
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("room.id"))
    # RFC 5545 recurrence rule of the dates, for example FREQ=WEEKLY;BYDAY=TU; its first date is `first_date`.
    rrule: Mapped[str] = mapped_column(String(200))
    first_date: Mapped[date] = mapped_column()
    # The last date on which a session may take place; None: until further notice.
    last_date: Mapped[date | None] = mapped_column()
    starts: Mapped[time] = mapped_column(Time)
    ends: Mapped[time] = mapped_column(Time)
    # Appointments start every so many minutes from the start of the session.
    slot_minutes: Mapped[int] = mapped_column()
    is_by_video: Mapped[bool] = mapped_column(default=True, server_default=true())
    is_by_phone: Mapped[bool] = mapped_column(default=False, server_default=sql_false())
    is_in_person: Mapped[bool] = mapped_column(default=False, server_default=sql_false())
    # An extra session on one date: it takes place on a bank holiday too.
    is_extra: Mapped[bool] = mapped_column(default=False, server_default=sql_false())
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    practitioner: Mapped[Practitioner | None] = relationship()
    shared_clinic: Mapped[SharedClinic | None] = relationship()
    room: Mapped[Room | None] = relationship()
    # The types that may be booked into it; none: all of the service.
    types: Mapped[list[AppointmentType]] = relationship(secondary="schedule_appointment_type")

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("slot_minutes BETWEEN 1 AND 480", name="slot_minutes_sensible"),
        CheckConstraint("last_date IS NULL OR last_date >= first_date", name="dates_in_order"),
        CheckConstraint("(practitioner_id IS NULL) <> (shared_clinic_id IS NULL)", name="one_owner"),
        CheckConstraint("is_by_video OR is_by_phone OR is_in_person", name="some_mode"),
    )

    @property
    def modes(self) -> tuple[Mode, ...]:
        return modes_of(self.is_by_video, self.is_by_phone, self.is_in_person)


class ScheduleAppointmentType(Base):
    """A type that may be booked into a schedule."""

    __tablename__ = "schedule_appointment_type"

    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedule.id"), primary_key=True)
    appointment_type_id: Mapped[UUID] = mapped_column(
        ForeignKey("appointment_type.id"), primary_key=True, index=True
    )


class ScheduleException(OrganisationOwned, Base):
    """Nothing is bookable in [starts_at, ends_at): a clinician's leave, or a closure of a service or a shared clinic.

    An extra session is a `Schedule` with one date; bank holidays are computed from the service's nation.
    """

    __tablename__ = "schedule_exception"

    # Leave of a clinician, in every service; or a closure of a shared clinic; or of the whole service.
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioner.id"), index=True)
    shared_clinic_id: Mapped[UUID | None] = mapped_column(ForeignKey("shared_clinic.id"), index=True)
    service_id: Mapped[UUID | None] = mapped_column(ForeignKey("healthcare_service.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    # What staff read, for example "Annual leave" or "Training afternoon"; patients do not see it.
    reason: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[str] = mapped_column(String(80))
    # Taken back; the row stays.
    ended_at: Mapped[datetime | None] = mapped_column()

    practitioner: Mapped[Practitioner | None] = relationship()

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint(
            "(CASE WHEN practitioner_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN shared_clinic_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN service_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_subject",
        ),
        Index("ix_schedule_exception_span", "organisation_id", "ends_at"),
    )
