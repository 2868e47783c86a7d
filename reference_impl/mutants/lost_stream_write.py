from functools import partial

from reference_impl.mutants import Mutant
from reference_impl.mutants.reconciled import never_reconciled
from reference_impl.mutants.weather import stream_stumbles
from reference_impl.reconcile import vouchers

MUTANT = Mutant(
    name="lost_stream_write",
    row="W06",
    caught_by="exactly_once_credit",
    summary="when the write to the stream fails after the commit, nothing ever finds the voucher that was not credited",
    seen_in="services that commit an order and then send a message, with neither outbox nor reconciliation",
    plant=partial(never_reconciled, vouchers),
    weather=stream_stumbles,
    world="each_alone",
)
