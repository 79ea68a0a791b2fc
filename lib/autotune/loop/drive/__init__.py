"""The loop by itself: with any proposer, or with a client through a night."""
