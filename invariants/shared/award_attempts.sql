-- Awards that were asked for and did not surely fail; `subject` is the order number, where anybody knows it.
SELECT
    worker,
    number,
    person,
    subject AS order_number,
    amount_fen,
    sent_ns,
    done_ns,
    COALESCE(outcome, 'info') AS outcome,
    clock_error_ns
FROM history
WHERE operation = 'award' AND COALESCE(outcome, 'info') IN ('ok', 'info') AND mark IS NULL
