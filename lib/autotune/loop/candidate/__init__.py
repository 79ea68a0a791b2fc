"""What differs in scope: refused, taken, brought back."""
