"""Settings to real parts: which client stands behind which interface."""
