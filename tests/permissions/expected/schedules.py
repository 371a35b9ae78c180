"""Schedules, leave and appointment types (telehealth/booking/{schedule,session,leave,type}_routes.py).

An administrator is one of the whole organisation; a clinician sets up their own sessions and their own leave.
"""

ROUTES = """
#                                                   own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
# Everybody's own services.
GET  /schedules                                     | ++-+ +- +-+ ---- SSS SSSS |
GET  /schedules/<uuid:service_id>                   | ++-+ -- --- ---- SSS SSSS |
# Reception books for the service: it is told whom a change left outside.
GET  /schedules/<uuid:service_id>/stranded          | ++++ -- --- ---- SSS SSSS |
GET  /schedules/<uuid:service_id>/sessions/new      | ++-+ -- --- ---- SSS SSSS |
# Of the owner.
POST /schedules/<uuid:service_id>/sessions/new      | +--+ -- --- ---- SSS SSSS | schedule.created
GET  /schedules/<uuid:service_id>/sessions/<uuid:schedule_id>  | +--+ -- --- ---- SSS SSSS |
POST /schedules/<uuid:service_id>/sessions/<uuid:schedule_id>  | +--+ -- --- ---- SSS SSSS | schedule.changed
GET  /schedules/<uuid:service_id>/sessions/<uuid:schedule_id>/end | +--+ -- --- ---- SSS SSSS |
POST /schedules/<uuid:service_id>/sessions/<uuid:schedule_id>/end | +--+ -- --- ---- SSS SSSS | schedule.ended
GET  /schedules/<uuid:service_id>/leave/new         | ++-+ -- --- ---- SSS SSSS |
# The owner's.
POST /schedules/<uuid:service_id>/leave/new         | +--+ -- --- ---- SSS SSSS | schedule-exception.created
POST /schedules/<uuid:service_id>/leave/<uuid:exception_id>/end | +--+ -- --- ---- SSS SSSS | schedule-exception.ended
GET  /schedules/<uuid:service_id>/rules             | ---+ -- --- ---- SSS SSSS |
POST /schedules/<uuid:service_id>/rules             | ---+ -- --- ---- SSS SSSS | service.changed
GET  /schedules/<uuid:service_id>/types/new         | ---+ -- --- ---- SSS SSSS |
POST /schedules/<uuid:service_id>/types/new         | ---+ -- --- ---- SSS SSSS | appointment-type.created
GET  /schedules/<uuid:service_id>/types/<uuid:type_id> | ---+ -- --- ---- SSS SSSS |
POST /schedules/<uuid:service_id>/types/<uuid:type_id> | ---+ -- --- ---- SSS SSSS | appointment-type.changed
GET  /schedules/<uuid:service_id>/clinics/new       | ---+ -- --- ---- SSS SSSS |
POST /schedules/<uuid:service_id>/clinics/new       | ---+ -- --- ---- SSS SSSS | shared-clinic.created
GET  /schedules/<uuid:service_id>/clinics/<uuid:clinic_id> | ---+ -- --- ---- SSS SSSS |
POST /schedules/<uuid:service_id>/clinics/<uuid:clinic_id> | ---+ -- --- ---- SSS SSSS | shared-clinic.changed
GET  /schedules/<uuid:service_id>/rooms             | ---+ -- --- ---- SSS SSSS |
POST /schedules/<uuid:service_id>/rooms             | ---+ -- --- ---- SSS SSSS | room.changed
POST /schedules/<uuid:service_id>/rooms/<uuid:room_id> | ---+ -- --- ---- SSS SSSS | room.changed
GET  /schedules/<uuid:service_id>/skills/<uuid:practitioner_id> | ---+ -- --- ---- SSS SSSS |
POST /schedules/<uuid:service_id>/skills/<uuid:practitioner_id> | ---+ -- --- ---- SSS SSSS | skills.changed
"""
