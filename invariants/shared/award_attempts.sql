-- Awards that were asked for and did not surely fail; `subject` is the order number, where anybody knows it. What a play
-- brings the game decides: it is one where money was told of.
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
WHERE
    (operation = 'award' OR (operation = 'play' AND outcome = 'ok' AND amount_fen > 0))
    AND COALESCE(outcome, 'info') IN ('ok', 'info')
    AND mark IS NULL
