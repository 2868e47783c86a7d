from functools import partial

from reference_impl.mutants import Mutant
from reference_impl.mutants.reconciled import never_reconciled
from reference_impl.reconcile import cache

MUTANT = Mutant(
    name="cache_never_reconciled",
    caught_by="cache_agrees",
    summary="a process dies between its commit and the cache, and nothing ever compares the cache with the orders",
    seen_in="cache-aside services that trust a write after each commit, and a time to live for the rest",
    plant=partial(never_reconciled, cache),
    world="cache_repair",
    row="W09",
)
