"""What agents did with their skills, and what that says of each skill."""
