"""Merging two records, and people to verify (telehealth/booking/desk/merge_routes.py, verify_routes.py)."""

ROUTES = """
#                                                   own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
GET  /desk/patients/<uuid:patient_id>/duplicate     | --+- -+ --- ---- SSS SSSS | patient.opened
POST /desk/patients/<uuid:patient_id>/duplicate     | --+- -+ --- ---- SSS SSSS | patient.opened
GET  /desk/patients/<uuid:patient_id>/merge/<uuid:other_id>  | --+- -+ --- ---- SSS SSSS | patient.opened
POST /desk/patients/<uuid:patient_id>/merge/<uuid:other_id>  | --+- -+ --- ---- SSS SSSS | patients.merged
GET  /desk/patients/<uuid:patient_id>/unmerge       | --+- -+ --- ---- SSS SSSS | patient.opened
POST /desk/patients/<uuid:patient_id>/unmerge       | --+- -+ --- ---- SSS SSSS | patients.unmerged
# Each desk has a list of its own.
GET  /desk/verify                                   | --+- -+ -+- ---- SSS SSSS |
GET  /desk/verify/<uuid:patient_id>                 | --+- -+ --- ---- SSS SSSS | patient.opened
POST /desk/verify/<uuid:patient_id>                 | --+- -+ --- ---- SSS SSSS | patient.verified
"""
