"""Applications that gigops moves."""
