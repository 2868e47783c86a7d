"""What operators set, for the time of a block."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from reference_impl.resilience.switches import default_of
from reference_impl.system import System


@contextmanager
def operators_set(system: System, values: Mapping[str, int]) -> Iterator[None]:
    """Operators have set this, in the eyes of one process."""
    for name, value in values.items():
        system.controls.set(name, value, "a test")
    try:
        yield
    finally:
        for name in values:
            system.controls.set(name, default_of(name), "a test")
