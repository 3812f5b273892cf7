"""Alembic's way into the shop's database; it is handed the connection."""

from alembic import context

from tests.projects.shop.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, compare_type=True
)
with context.begin_transaction():
    context.run_migrations()
