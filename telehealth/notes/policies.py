"""Who may write notes. Which note: only its author's, see the services."""

from telehealth.accounts.policies import CLINICIAN

AUTHOR = CLINICIAN
