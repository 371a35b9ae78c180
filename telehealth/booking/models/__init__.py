"""Schedules, appointments and the claims that keep them from clashing."""

from telehealth.booking.models.appointment import Appointment, AppointmentHistory, IdempotencyKey
from telehealth.booking.models.claim import Claim, Hold
from telehealth.booking.models.follow_up import FollowUpRequest
from telehealth.booking.models.link import JoinAttempt, JoinLink
from telehealth.booking.models.schedule import (
    AppointmentType,
    Lane,
    PractitionerSkill,
    Room,
    Schedule,
    ScheduleAppointmentType,
    ScheduleException,
    SharedClinic,
    SharedClinicMember,
)

__all__ = [
    "Appointment",
    "AppointmentHistory",
    "AppointmentType",
    "Claim",
    "FollowUpRequest",
    "Hold",
    "IdempotencyKey",
    "JoinAttempt",
    "JoinLink",
    "Lane",
    "PractitionerSkill",
    "Room",
    "Schedule",
    "ScheduleAppointmentType",
    "ScheduleException",
    "SharedClinic",
    "SharedClinicMember",
]
