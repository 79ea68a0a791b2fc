"""One experiment: begun, settled, and what the loop does by itself after it."""
