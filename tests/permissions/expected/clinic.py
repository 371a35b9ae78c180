"""Visits, the clinic, notes and emergencies (telehealth/video, clinic and notes)."""

ROUTES = """
#                                                   own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
GET  /join/<token>                                  | ++++ ++ +++ ++++ +++ ++++ |
POST /join/<token>                                  | ++++ ++ +++ ++++ +++ ++++ |
GET  /visits/<uuid:appointment_id>                  | ---- -- --- +-+- ++- PPPP | visit.opened
GET  /visits/<uuid:appointment_id>/room             | ---- -- --- +-+- ++- PPPP | room.opened
GET  /visits/<uuid:appointment_id>/after            | ---- -- --- +-+- ++- PPPP | outcome.opened
# A page asks by itself, again and again: a stranger's page learns nothing.
GET  /visits/<uuid:appointment_id>/token            | ---- -- --- +-+- ++- ---- |
GET  /visits/<uuid:appointment_id>/token?role=clinician | +--- -- --- ---- --- ---- |

GET  /clinic                                        | ++-- +- +-- ---- SSS SSSS | clinic.opened
GET  /clinic/list                                   | ++-- +- +-- ---- SSS SSSS | clinic.opened
GET  /clinic/token                                  | ++-- +- +-- ---- JJJ JJJJ |
POST /clinic/appointments/<uuid:appointment_id>/admit | +--- -- --- ---- SSS SSSS | encounter.admitted
GET  /clinic/consultations/<uuid:appointment_id>    | +--- -- --- ---- SSS SSSS | consultation.opened
POST /clinic/consultations/<uuid:appointment_id>/end | +--- -- --- ---- SSS SSSS | encounter.ended
PUT  /notes/<uuid:note_id>/draft                    | +--- -- --- ---- JJJ JJJJ | note.saved
POST /notes/<uuid:note_id>/sign                     | +--- -- --- ---- SSS SSSS | note.signed

GET  /clinic/emergency                              | ++-- +- +-- ---- SSS SSSS |
# To another organisation the patient is not there.
POST /clinic/emergency                              | ++-- +- 0-- ---- SSS SSSS | emergency-access.granted
# Granted to the clinician of the other service.
GET  /clinic/emergency/<uuid:access_id>             | ---- +- --- ---- SSS SSSS | emergency-access.read
GET  /admin/emergency                               | ---+ -- --+ ---- SSS SSSS |
POST /admin/emergency/<uuid:access_id>/reviewed     | ---+ -- --- ---- SSS SSSS | emergency-access.reviewed
"""
