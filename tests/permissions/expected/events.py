"""The socket events of a consultation (telehealth/video, telehealth/live): who gets a socket, and may send what on it."""

EVENTS = """
#            own col rec adm, oc or, fc fr fa, pat oth car fc, gst cl og, uf su exp ano
connect    | +--- -- --- +-+- ++- ---- |
disconnect | +--- -- --- +-+- ++- ---- |
join       | +--- -- --- +-+- ++- ---- | encounter.joined
media      | +--- -- --- +-+- ++- ---- |
ice        | +--- -- --- +-+- ++- ---- |
connected  | +--- -- --- +-+- ++- ---- |
signal     | +--- -- --- +-+- ++- ---- |
leave      | +--- -- --- +-+- ++- ---- |
"""
