-- What may have had an effect: operations that make or move something and did not surely fail.
SELECT
    worker,
    number,
    person,
    operation,
    subject,
    "key",
    amount_fen,
    sent_ns,
    done_ns,
    COALESCE(outcome, 'info') AS outcome,
    sequence,
    remaining_fen,
    tag,
    clock_error_ns
FROM history
WHERE operation IN ('fund', 'send', 'pay', 'open') AND COALESCE(outcome, 'info') IN ('ok', 'info')
