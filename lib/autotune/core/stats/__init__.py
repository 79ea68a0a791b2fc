"""Samples made into figures: effects, intervals, noise."""
