"""Who may open a clinic list and a consultation. Which: their own, see the services."""

from telehealth.accounts.policies import CLINICIAN

CLINIC = CLINICIAN
