"""The nations of the United Kingdom, whose bank holidays differ."""

# As they are stored; in the order in which people choose.
NATIONS = ("england", "wales", "scotland", "northern-ireland")
