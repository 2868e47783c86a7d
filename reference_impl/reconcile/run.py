"""All reconciliations, one after the other."""

from reference_impl import reconcile
from reference_impl.reconcile.report import Report
from reference_impl.system import System


def run_all(system: System, since_us: int, until_us: int) -> dict[str, Report]:
    """What each reconciliation saw and did about what was made between two moments."""
    names = [name for name in reconcile.NAMES if name not in reconcile.HOURLY or since_us == 0]
    if not system.settings.compares:
        names = [name for name in names if name not in reconcile.COMPARING]
    return {name: reconcile.find(name).reconcile(system, since_us, until_us) for name in names}
