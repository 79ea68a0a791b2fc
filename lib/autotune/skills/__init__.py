"""Agents' skills: what is seen of them, on this machine alone."""
