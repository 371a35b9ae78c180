"""What patients book, move and cancel themselves (telehealth/booking/self_service/routes.py, own_appointment_routes.py)."""

ROUTES = """
#                                                   own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
# Booking is open to everybody.
GET  /book                                          | ++++ ++ +++ ++++ +++ ++++ |
GET  /book/<uuid:service_id>                        | ++++ ++ +++ ++++ +++ ++++ |
GET  /book/<uuid:service_id>/how                    | ++++ ++ +++ ++++ +++ ++++ |
GET  /book/<uuid:service_id>/when                   | ++++ ++ +++ ++++ +++ ++++ |
POST /book/<uuid:service_id>/when                   | ++++ ++ +++ ++++ +++ ++++ |
POST /book/<uuid:service_id>/back                   | ++++ ++ +++ ++++ +++ ++++ |
GET  /book/<uuid:service_id>/details                | ++++ ++ +++ ++++ +++ ++++ |
POST /book/<uuid:service_id>/details                | ++++ ++ +++ ++++ +++ ++++ |
POST /book/<uuid:service_id>/check                  | ++++ ++ +++ ++++ +++ ++++ |
POST /book/<uuid:service_id>/confirm                | ++++ ++ +++ ++++ +++ ++++ |
GET  /book/done                                     | ++++ ++ +++ ++++ +++ ++++ |

GET  /appointments/<uuid:appointment_id>            | ---- -- --- +-+- ++- PPPP | own-appointments.opened
GET  /appointments/<uuid:appointment_id>/move       | ---- -- --- +-+- ++- PPPP |
POST /appointments/<uuid:appointment_id>/move       | ---- -- --- +-+- ++- PPPP |
GET  /appointments/<uuid:appointment_id>/move/check | ---- -- --- +-+- ++- PPPP |
POST /appointments/<uuid:appointment_id>/move/check | ---- -- --- +-+- ++- PPPP | appointment.moved
POST /appointments/<uuid:appointment_id>/move/back  | ---- -- --- +-+- ++- PPPP |
GET  /appointments/<uuid:appointment_id>/cancel     | ---- -- --- +-+- ++- PPPP |
POST /appointments/<uuid:appointment_id>/cancel     | ---- -- --- +-+- ++- PPPP | appointment.cancelled
"""
