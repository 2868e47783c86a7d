"""The system under test: its mapping, its start and end, its evidence."""

from harness.target.answer import Answer
from harness.target.mapping import Target, load_target
from harness.target.operation import Operation

__all__ = ["Answer", "Operation", "Target", "load_target"]
