"""What there is, held against what should be."""
