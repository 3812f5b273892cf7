"""SQLite to PostgreSQL: schema and every row, and the proof that they are equal."""
