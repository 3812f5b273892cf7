"""Words in, text out: one file a command group. Nothing here decides; it calls and prints."""
