"""What the client's hooks do. Standard library alone: these modules run in a Python without any package, before every tool call."""
