"""What `finalize` does."""
