"""What a line of the log can say, and what all lines amount to."""
