"""Rows that cannot be carried: found before anything is changed, kept whole, carried later."""
