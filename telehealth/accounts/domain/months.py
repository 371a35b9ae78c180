"""The names of the months, as people type them."""

# In both languages of the service; the first three letters are enough in English.
_MONTHS = (
    ("january", "ionawr"),
    ("february", "chwefror"),
    ("march", "mawrth"),
    ("april", "ebrill"),
    ("may", "mai"),
    ("june", "mehefin"),
    ("july", "gorffennaf"),
    ("august", "awst"),
    ("september", "medi"),
    ("october", "hydref"),
    ("november", "tachwedd"),
    ("december", "rhagfyr"),
)
MONTH_NUMBERS = {
    name: number for number, names in enumerate(_MONTHS, 1) for name in (*names, names[0][:3], names[0][:4])
}
