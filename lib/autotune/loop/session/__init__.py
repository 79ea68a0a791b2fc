"""A session: found, read, written to, cleared."""
