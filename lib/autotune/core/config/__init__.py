"""A mapping made into a Config, or refused by name."""
