"""Reception's desk, and what patients see of their own (telehealth/booking)."""

ROUTES = """
#                                                   own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
GET  /desk                                          | --+- -+ -+- ---- SSS SSSS |
POST /desk                                          | --+- -+ -+- ---- SSS SSSS | patients.searched
POST /desk/choose                                   | --+- -- --- ---- SSS SSSS |
GET  /desk/patients/new                             | --+- -+ -+- ---- SSS SSSS |
POST /desk/patients/new                             | --+- -+ -+- ---- SSS SSSS | patient.registered
GET  /desk/patients/<uuid:patient_id>               | --+- -+ --- ---- SSS SSSS | patient.opened

GET  /desk/patients/<uuid:patient_id>/contact       | --+- -+ --- ---- SSS SSSS | contacts.opened
POST /desk/patients/<uuid:patient_id>/contact       | --+- -+ --- ---- SSS SSSS | contact-change.requested
GET  /desk/patients/<uuid:patient_id>/contact/<uuid:change_id>           | --+- -+ --- ---- SSS SSSS | contacts.opened
POST /desk/patients/<uuid:patient_id>/contact/<uuid:change_id>           | --+- -+ --- ---- SSS SSSS | contact-change.verified
POST /desk/patients/<uuid:patient_id>/contact/<uuid:change_id>/code      | --+- -+ --- ---- SSS SSSS | contact-change.code-sent
POST /desk/patients/<uuid:patient_id>/contact/<uuid:change_id>/withdraw  | --+- -+ --- ---- SSS SSSS | contact-change.withdrawn
GET  /desk/patients/<uuid:patient_id>/protection    | --+- -+ --- ---- SSS SSSS | protection.opened
POST /desk/patients/<uuid:patient_id>/protection    | --+- -+ --- ---- SSS SSSS | patient.protected
# Of a patient whom another service protects, nobody else sees the record.
POST /desk/patients/<uuid:patient_id>/protection/end | --+- -- --- ---- SSS SSSS | patient.protection-ended
GET  /desk/patients/<uuid:patient_id>/carers        | --+- -+ --- ---- SSS SSSS | carers.opened
POST /desk/patients/<uuid:patient_id>/carers        | --+- -+ --- ---- SSS SSSS | authority.recorded
GET  /desk/patients/<uuid:patient_id>/carers/<uuid:authority_id>/end     | --+- -+ --- ---- SSS SSSS | carers.opened
POST /desk/patients/<uuid:patient_id>/carers/<uuid:authority_id>/end     | --+- -+ --- ---- SSS SSSS | authority.revoked
POST /desk/appointments/<uuid:appointment_id>/link  | --+- -- --- ---- SSS SSSS | join-link.renewed
POST /desk/appointments/<uuid:appointment_id>/carers/<uuid:related_person_id>/link | --+- -- --- ---- SSS SSSS | join-link.made-for-carer
POST /desk/appointments/<uuid:appointment_id>/confidential | --+- -- --- ---- SSS SSSS | appointment.confidential

GET  /my                                            | ---- -- --- ++++ PPP PPPP |
GET  /my/details                                    | ---- -- --- ++++ PPP PPPP |
GET  /my/access                                     | ---- -- --- ++-- PPP PPPP |
"""
