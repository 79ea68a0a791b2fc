"""What a candidate may not bring, and whether runs can be what they say."""
