"""What keeps the system whole under pressure: the tag and its shadow side."""
