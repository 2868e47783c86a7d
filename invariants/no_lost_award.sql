-- statement: every award that a client was told of is in an account, once, with the same amount
-- needs: history, postings(entry, kind, amount_fen)
-- uses: award_attempts, award_credits
-- sentence: person {person} was told of {amount_fen} fen under order {subject}, and {fault}

-- section: violations
WITH told AS (
    SELECT order_number, MIN(person) AS person, MAX(amount_fen) AS amount_fen, MIN(done_ns) AS moment
    FROM award_attempts
    WHERE outcome = 'ok' AND order_number IS NOT NULL AND amount_fen IS NOT NULL
    GROUP BY order_number
)
SELECT
    told.order_number AS subject,
    CASE
        WHEN award_credits.order_number IS NULL THEN 'it was never credited'
        WHEN award_credits.credits > 1 THEN 'it was credited {credits} times'
        ELSE '{credited_fen} fen were credited'
    END AS fault,
    CASE
        WHEN award_credits.order_number IS NULL THEN told.amount_fen
        ELSE ABS(award_credits.amount_fen - told.amount_fen)
    END AS badness,
    told.moment,
    told.person,
    told.amount_fen,
    award_credits.credits,
    award_credits.amount_fen AS credited_fen
FROM told
LEFT JOIN award_credits ON award_credits.order_number = told.order_number
WHERE
    award_credits.order_number IS NULL
    OR award_credits.credits > 1
    OR award_credits.amount_fen <> told.amount_fen

-- section: unsettled
SELECT COALESCE(person, 'unknown') AS subject, 'was given an award without order number or amount' AS fault
FROM award_attempts
WHERE outcome = 'ok' AND (order_number IS NULL OR amount_fen IS NULL)

-- section: examined
SELECT COUNT(*) AS examined FROM award_attempts WHERE outcome = 'ok'

-- section: canary
INSERT INTO history
    (worker, number, person, operation, subject, amount_fen, sent_ns, done_ns, outcome, tag, clock_error_ns)
VALUES
    ('canary', 1, 'canary', 'award', 'canary-1', 30, 1, 2, 'ok', FALSE, 0);
INSERT INTO postings (store, number, entry, kind, account, account_kind, amount_fen, posted_us, tag) VALUES
    ('canary', 1, 'canary-2', 'award', 'canary', 'user', 30, 1, FALSE)

-- section: proof
SELECT 'history' AS "table", * FROM history
WHERE operation = 'award' AND subject = $subject ORDER BY sent_ns, worker, number LIMIT 5;
SELECT 'postings' AS "table", * FROM postings WHERE entry = $subject ORDER BY store, number LIMIT 10
