"""Online consultations for public-sector health organisations.

This module stays empty: importing the pure core (`telehealth.booking.domain`) must not load Flask.
The application is made by `telehealth.app.create_app`.
"""
