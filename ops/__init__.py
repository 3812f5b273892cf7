"""gigops: take an application from SQLite to PostgreSQL and look after it there."""

__version__ = "0.1.0"
