"""Till lines made into a report."""
