"""Administrators' pages (telehealth/admin). An administrator is one of the whole organisation."""

ROUTES = """
#                                                   own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
GET  /admin                                         | ---+ -- --+ ---- SSS SSSS |
GET  /admin/staff                                   | ---+ -- --+ ---- SSS SSSS |
GET  /admin/staff/new                               | ---+ -- --+ ---- SSS SSSS |
# With a role in the service of the scene.
POST /admin/staff/new                               | ---+ -- --- ---- SSS SSSS | account.created
# The colleague's account.
GET  /admin/staff/<uuid:account_id>                 | ---+ -- --- ---- SSS SSSS |
POST /admin/staff/<uuid:account_id>/roles           | ---+ -- --- ---- SSS SSSS | account.roles-changed
POST /admin/staff/<uuid:account_id>/active          | ---+ -- --- ---- SSS SSSS | account.disabled
POST /admin/staff/<uuid:account_id>/password        | ---+ -- --- ---- SSS SSSS | account.set-up-link-made
POST /admin/staff/<uuid:account_id>/second-factor   | ---+ -- --- ---- SSS SSSS | second-factor.removed
POST /admin/staff/<uuid:account_id>/sessions/<uuid:session_id>/end | ---+ -- --- ---- SSS SSSS | session.ended
POST /admin/staff/<uuid:account_id>/sessions/end    | ---+ -- --- ---- SSS SSSS | session.ended
GET  /admin/services                                | ---+ -- --+ ---- SSS SSSS |
GET  /admin/services/new                            | ---+ -- --+ ---- SSS SSSS |
# In the organisation of whoever adds it.
POST /admin/services/new                            | ---+ -- --+ ---- SSS SSSS | service.created
GET  /admin/services/<uuid:service_id>              | ---+ -- --- ---- SSS SSSS |
POST /admin/services/<uuid:service_id>              | ---+ -- --- ---- SSS SSSS | service.changed

GET  /admin/audit                                   | ---+ -- --+ ---- SSS SSSS | audit.searched
# For a patient who is not there to another organisation.
POST /admin/audit                                   | ---+ -- --0 ---- SSS SSSS | audit.searched
POST /admin/audit/export                            | ---+ -- --+ ---- SSS SSSS | audit.exported
"""
