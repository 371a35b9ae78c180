"""The tables of people, accounts and sign-in, one module a subject."""

from telehealth.accounts.models.account import Account, AccountRole, Factor, SignInAttempt
from telehealth.accounts.models.credentials import (
    AuthenticatorApp,
    ChallengePurpose,
    Passkey,
    PasskeyChallenge,
    RecoveryCode,
    SetUpLink,
    SetUpPurpose,
    SignInLink,
)
from telehealth.accounts.models.name_word import PatientNameWord
from telehealth.accounts.models.organisation import (
    HealthcareService,
    Organisation,
    OrganisationOwned,
    ServiceOwned,
)
from telehealth.accounts.models.patient_link import LinkReason, PatientLink
from telehealth.accounts.models.people import Patient, Practitioner, PractitionerRole
from telehealth.accounts.models.representation import (
    Authority,
    Basis,
    ContactChange,
    ContactKind,
    Protection,
    RelatedPerson,
    Verification,
)
from telehealth.accounts.models.session import BrowserSession, SessionVisit

__all__ = [
    "Account",
    "AccountRole",
    "AuthenticatorApp",
    "Authority",
    "Basis",
    "BrowserSession",
    "ChallengePurpose",
    "ContactChange",
    "ContactKind",
    "Factor",
    "HealthcareService",
    "LinkReason",
    "Organisation",
    "OrganisationOwned",
    "Passkey",
    "PasskeyChallenge",
    "Patient",
    "PatientLink",
    "PatientNameWord",
    "Practitioner",
    "PractitionerRole",
    "Protection",
    "RecoveryCode",
    "RelatedPerson",
    "ServiceOwned",
    "SessionVisit",
    "SetUpLink",
    "SetUpPurpose",
    "SignInAttempt",
    "SignInLink",
    "Verification",
]
