"""The library applications import: one way to talk to SQLite or PostgreSQL, chosen by the environment."""
