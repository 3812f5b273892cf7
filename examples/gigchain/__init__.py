"""A small service on three SQLite files, moved to PostgreSQL by the demo and the tests."""
