"""A shop on SQLAlchemy and Alembic."""
