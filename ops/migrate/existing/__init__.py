"""Filling tables that the application's own migrations made: matched by name, typed as they are."""
