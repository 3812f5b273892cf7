"""Holding the application's writers back: freeze, fence, gate."""
