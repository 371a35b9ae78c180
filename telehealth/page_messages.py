"""The kinds of what a page says once, after something was done (`flask.flash`). Without a kind it is a success."""

# Something to know before going on; nothing was done.
NOTICE = "notice"
