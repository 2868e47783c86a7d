-- statement: the bank has paid exactly the withdrawals that are settled as paid, once and with their amounts
-- needs: withdrawals(withdrawal, amount_fen, state), bank_statement(withdrawal, amount_fen)
-- sentence: withdrawal {subject}: {fault}

-- section: violations
WITH paid AS (
    SELECT withdrawal, COUNT(*) AS payments, SUM(amount_fen) AS paid_fen
    FROM bank_statement
    GROUP BY withdrawal
),
booked AS (
    SELECT withdrawal, MIN(state) AS state, SUM(amount_fen) AS amount_fen
    FROM withdrawals
    GROUP BY withdrawal
)
SELECT
    booked.withdrawal AS subject,
    CASE
        WHEN paid.withdrawal IS NULL THEN 'it is booked as paid, and the bank has not paid'
        WHEN paid.payments > 1 THEN 'the bank has paid it {payments} times'
        WHEN booked.state <> 'paid' THEN 'it is booked as {state}, and the bank has paid {paid_fen} fen'
        ELSE '{amount_fen} fen are booked, and the bank has paid {paid_fen} fen'
    END AS fault,
    ABS(COALESCE(paid.paid_fen, 0) - CASE WHEN booked.state = 'paid' THEN booked.amount_fen ELSE 0 END) AS badness,
    booked.state,
    booked.amount_fen,
    paid.payments,
    paid.paid_fen
FROM booked
LEFT JOIN paid ON paid.withdrawal = booked.withdrawal
WHERE
    (paid.withdrawal IS NULL AND booked.state = 'paid')
    OR (paid.withdrawal IS NOT NULL AND booked.state <> 'paid')
    OR paid.payments > 1
    OR paid.paid_fen <> booked.amount_fen
UNION ALL
SELECT
    paid.withdrawal AS subject,
    'the bank has paid {paid_fen} fen that nobody asked for' AS fault,
    paid.paid_fen AS badness,
    CAST(NULL AS VARCHAR) AS state,
    CAST(NULL AS BIGINT) AS amount_fen,
    paid.payments,
    paid.paid_fen
FROM paid
LEFT JOIN booked ON booked.withdrawal = paid.withdrawal
WHERE booked.withdrawal IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM withdrawals

-- section: canary
INSERT INTO withdrawals (store, withdrawal, person, amount_fen, state, tag) VALUES
    ('canary', 'canary-1', 'canary', 30, 'paid', FALSE);
INSERT INTO bank_statement (store, withdrawal, amount_fen, tag) VALUES ('canary', 'canary-1', 31, FALSE)

-- section: proof
SELECT 'withdrawals' AS "table", * FROM withdrawals WHERE withdrawal = $subject ORDER BY store LIMIT 3;
SELECT 'bank_statement' AS "table", * FROM bank_statement WHERE withdrawal = $subject ORDER BY store LIMIT 3
