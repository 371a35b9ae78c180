"""Who runs the service, and its departments."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.db import Base, Keyed


class Organisation(Keyed, Base):
    """Who runs the service, for example a health board. FHIR Organization."""

    __tablename__ = "organisation"

    name: Mapped[str] = mapped_column(String(200))


class OrganisationOwned(Keyed):
    """A row that belongs to one organisation."""

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True, sort_order=-9)


class HealthcareService(OrganisationOwned, Base):
    """A department or practice that offers appointments. FHIR HealthcareService."""

    __tablename__ = "healthcare_service"

    name: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(64))
    # UK nation whose bank holidays apply: england, wales, scotland or northern-ireland.
    nation: Mapped[str] = mapped_column(String(20))
    phone: Mapped[str] = mapped_column(String(30))
    # For example sexual health: to everybody outside it, its appointments are only "busy".
    is_restricted: Mapped[bool] = mapped_column(default=False, server_default=false())
    # No sessions on the bank holidays of the nation.
    closes_on_bank_holidays: Mapped[bool] = mapped_column(default=True, server_default=true())
    # What is said before somebody types why they want to be seen; "": the standard words (999 and 111).
    emergency_advice: Mapped[str] = mapped_column(String(1000), default="", server_default=text("''"))

    __table_args__ = (
        CheckConstraint("nation IN ('england','wales','scotland','northern-ireland')", name="nation_known"),
    )


class ServiceOwned(OrganisationOwned):
    """A row that belongs to one service of an organisation."""

    service_id: Mapped[UUID] = mapped_column(ForeignKey("healthcare_service.id"), index=True, sort_order=-8)
