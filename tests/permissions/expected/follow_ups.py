"""Requests to see a patient (telehealth/booking/follow_ups/routes.py), and what a clinician does with a row of the list."""

ROUTES = """
#                                                   own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
# Everybody sees the requests of their own services.
GET  /follow-ups                                    | +++- ++ ++- ---- SSS SSSS | follow-ups.opened
GET  /follow-ups/list                               | +++- ++ ++- ---- SSS SSSS | follow-ups.opened
GET  /follow-ups/token                              | +++- ++ ++- ---- JJJ JJJJ |
GET  /follow-ups/<uuid:follow_up_id>                | +++- -- --- ---- SSS SSSS | follow-up.opened
POST /follow-ups/<uuid:follow_up_id>/close          | ++-- -- --- ---- SSS SSSS | follow-up.closed
POST /follow-ups/<uuid:follow_up_id>/change         | ++-- -- --- ---- SSS SSSS | follow-up.changed

# Owner and colleague sit in the shared clinic. The page tells nothing about the patient.
POST /clinic/appointments/<uuid:appointment_id>/take | ++-- -- --- ---- SSS SSSS | appointment.taken
GET  /clinic/appointments/<uuid:appointment_id>/take-over | ++-- -- --- ---- SSS SSSS |
# The owner has taken the patient: the colleague is told that it was not them.
POST /clinic/appointments/<uuid:appointment_id>/give-back | +0-- -- --- ---- SSS SSSS | appointment.taken
POST /clinic/appointments/<uuid:appointment_id>/did-not-attend | +--- -- --- ---- SSS SSSS | appointment.noshow
POST /clinic/appointments/<uuid:appointment_id>/did-attend | +--- -- --- ---- SSS SSSS | appointment.noshow-undone
"""
