"""Whether a candidate is better, case by case."""
