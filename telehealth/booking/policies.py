"""Who may use reception's pages. Which patients and appointments: see the services."""

from telehealth.accounts.policies import RECEPTION

DESK = RECEPTION
