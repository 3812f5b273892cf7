"""A library on Django."""
