"""Keep, discard or measure again, and why."""
