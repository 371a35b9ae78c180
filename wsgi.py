"""For a WSGI server of your own: `gunicorn --worker-class gthread --workers 1 --threads 256 wsgi:app`."""

import os

from telehealth import logs
from telehealth.app import create_app
from telehealth.config import Config
from telehealth.server import start_beside_pages
from telehealth.startup import prepare_to_serve

config = Config.from_environment(os.environ)
logs.configure(config.log_format)
# What would make it unsafe ends the start, with a message that says what to do.
prepare_to_serve(config)
app = create_app(config)
start_beside_pages(app)
