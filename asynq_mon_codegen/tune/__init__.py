"""Thresholds, holds and floors proposed from history, and written into the declaration."""
