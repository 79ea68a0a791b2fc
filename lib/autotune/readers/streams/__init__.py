"""What clients print while they work, made into signs of skills that are called."""
