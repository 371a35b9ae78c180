"""Alembic's entry: runs on the connection that `telehealth.migrations.upgrade` hands over."""

from alembic import context

import telehealth.tables  # noqa: F401 - registers every table on Base.metadata
from telehealth.db import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
