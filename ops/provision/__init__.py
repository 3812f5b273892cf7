"""Giving the user a PostgreSQL: one file a provider."""
