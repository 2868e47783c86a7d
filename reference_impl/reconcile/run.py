"""All reconciliations, one after the other."""

from collections.abc import Sequence

from reference_impl import reconcile
from reference_impl.reconcile.report import Report
from reference_impl.system import System


def run_all(system: System, since_us: int, until_us: int) -> dict[str, Report]:
    """What each reconciliation saw and did about what was made between two moments."""
    hourly: Sequence[str] = () if since_us == 0 else reconcile.HOURLY
    left_out = hourly if system.settings.compares else reconcile.COMPARING
    names = [name for name in reconcile.NAMES if name not in left_out]
    return {name: reconcile.find(name).reconcile(system, since_us, until_us) for name in names}
