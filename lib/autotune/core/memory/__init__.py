"""What was tried before, known again."""
