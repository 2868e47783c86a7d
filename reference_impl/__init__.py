"""The reference implementation: a red-packet system small in its numbers and real in its structure."""
