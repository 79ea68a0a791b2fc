"""What is handed over, and as which branches."""
