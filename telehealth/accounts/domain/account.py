"""What sort of person an account belongs to."""

from enum import StrEnum


class AccountKind(StrEnum):
    STAFF = "staff"
    PATIENT = "patient"
    RELATED = "related"
