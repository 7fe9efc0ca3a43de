"""Checks of a plan and of what is generated from it: each a pure function that returns its findings."""
