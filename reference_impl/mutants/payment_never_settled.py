from functools import partial

from reference_impl.mutants import Mutant
from reference_impl.mutants.reconciled import never_reconciled
from reference_impl.reconcile import payments

MUTANT = Mutant(
    name="payment_never_settled",
    row="W05",
    caught_by="packet_funded_once",
    summary="after a crash between money and packet the money stays in escrow for ever",
    seen_in="payments that reserve first and release in an exception handler, which does not run when the process dies",
    plant=partial(never_reconciled, payments),
    world="late_payment",
)
