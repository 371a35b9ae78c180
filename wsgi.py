"""For a WSGI server of your own: `gunicorn --worker-class gthread --workers 1 --threads 256 wsgi:app`."""

import os

from telehealth import logs
from telehealth.app import create_app
from telehealth.config import Config

config = Config.from_environment(os.environ)
logs.configure(config.log_format)
app = create_app(config)
