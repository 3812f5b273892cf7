"""Backups: taken whole or not at all, listed from the store alone, restored beside what is there."""
