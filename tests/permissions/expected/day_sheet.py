"""The day sheet of reception (telehealth/booking/desk/day_routes.py)."""

ROUTES = """
#                                                   own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
# Each desk has a sheet of its own.
GET  /desk/day                                      | --+- -+ -+- ---- SSS SSSS |
GET  /desk/day/<day>                                | --+- -+ -+- ---- SSS SSSS | day-sheet.opened
GET  /desk/day/<day>?patient=<uuid:patient_id>      | --+- -+ --- ---- SSS SSSS | booking.opened
GET  /desk/day/<day>/sheet                          | --+- -+ -+- ---- SSS SSSS | day-sheet.opened
GET  /desk/day/token                                | --+- -+ -+- ---- JJJ JJJJ |
POST /desk/day/choose                               | --+- -- --- ---- SSS SSSS |
POST /desk/day/forget                               | --+- -+ -+- ---- SSS SSSS |
"""
