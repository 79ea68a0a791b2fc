"""Runs of both arms, until it is decided."""
