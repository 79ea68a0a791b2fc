"""How the loop is doing, and what helps it."""
