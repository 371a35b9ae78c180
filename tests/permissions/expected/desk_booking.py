"""Reception books, moves, cancels (telehealth/booking/{booking,moving,appointment,overbooking,series}_routes.py)."""

ROUTES = """
#                                                   own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
GET  /desk/patients/<uuid:patient_id>/book          | --+- -+ --- ---- SSS SSSS | booking.opened
POST /desk/patients/<uuid:patient_id>/book          | --+- -+ --- ---- SSS SSSS | booking.opened
# At another desk these times are not on offer.
POST /desk/patients/<uuid:patient_id>/hold          | --+- -0 --- ---- SSS SSSS |
# What somebody keeps is theirs alone.
GET  /desk/patients/<uuid:patient_id>/holds/<uuid:hold_id>         | --+- -- --- ---- SSS SSSS | booking.opened
POST /desk/patients/<uuid:patient_id>/holds/<uuid:hold_id>         | --+- -- --- ---- SSS SSSS | appointment.booked
POST /desk/patients/<uuid:patient_id>/holds/<uuid:hold_id>/release | --+- -- --- ---- SSS SSSS |
GET  /desk/patients/<uuid:patient_id>/overbook      | --+- -+ --- ---- SSS SSSS | booking.opened
POST /desk/patients/<uuid:patient_id>/overbook      | --+- -0 --- ---- SSS SSSS | appointment.overbooked
GET  /desk/patients/<uuid:patient_id>/series        | --+- -+ --- ---- SSS SSSS | booking.opened
GET  /desk/patients/<uuid:patient_id>/series/dates  | --+- -- --- ---- SSS SSSS | booking.opened
POST /desk/patients/<uuid:patient_id>/series/dates  | --+- -- --- ---- SSS SSSS | appointment.booked
GET  /desk/appointments/<uuid:appointment_id>       | --+- -- --- ---- SSS SSSS | appointment.opened
GET  /desk/appointments/<uuid:appointment_id>/cancel | --+- -- --- ---- SSS SSSS | appointment.opened
POST /desk/appointments/<uuid:appointment_id>/cancel | --+- -- --- ---- SSS SSSS | appointment.cancelled
GET  /desk/appointments/<uuid:appointment_id>/details | --+- -- --- ---- SSS SSSS | appointment.opened
POST /desk/appointments/<uuid:appointment_id>/details | --+- -- --- ---- SSS SSSS | appointment.details
GET  /desk/appointments/<uuid:appointment_id>/move  | --+- -- --- ---- SSS SSSS | appointment.opened
POST /desk/appointments/<uuid:appointment_id>/hold  | --+- -- --- ---- SSS SSSS |
GET  /desk/appointments/<uuid:appointment_id>/holds/<uuid:hold_id>         | --+- -- --- ---- SSS SSSS | appointment.opened
POST /desk/appointments/<uuid:appointment_id>/holds/<uuid:hold_id>         | --+- -- --- ---- SSS SSSS | appointment.moved
POST /desk/appointments/<uuid:appointment_id>/holds/<uuid:hold_id>/release | --+- -- --- ---- SSS SSSS |
POST /desk/appointments/<uuid:appointment_id>/noshow | --+- -- --- ---- SSS SSSS | appointment.noshow
POST /desk/appointments/<uuid:appointment_id>/noshow/undo | --+- -- --- ---- SSS SSSS | appointment.noshow-undone
POST /desk/appointments/<uuid:appointment_id>/confirm | --+- -- --- ---- SSS SSSS | appointment.confirmed
"""
