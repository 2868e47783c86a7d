"""Day tables ↔ cold store: every packet of a cold day stands in exactly one of them (W14).

It looks at whole tables, so that it has something to do only where a pass starts from the beginning. Nobody waits for
it: what is settled is settled.
"""

from reference_impl.packets import cooling
from reference_impl.reconcile.report import Report
from reference_impl.system import System


def reconcile(system: System, since_us: int, _until_us: int) -> Report:
    """Move what is cold, and finish moves that were interrupted, whose number is `missing`."""
    if since_us or not system.settings.cools:
        return Report()
    interrupted = cooling.finish(system)
    moved = sum(cooling.cool(system, place) for place in cooling.places(system))
    return Report(examined=moved, missing=interrupted, repaired=interrupted)


def count_missing(system: System, _since_us: int, _until_us: int) -> int:
    """How many packets are on their way."""
    return cooling.count_on_their_way(system) if system.settings.cools else 0
