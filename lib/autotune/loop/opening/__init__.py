"""A session opened: what is refused, tried out, then written."""
