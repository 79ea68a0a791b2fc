"""The one loop, for every target: open, take the candidate, measure, decide, settle, heal."""
