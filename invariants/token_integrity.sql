-- statement: nothing that was forged, altered, foreign, expired or replayed has caused a credit
-- needs: history(mark), postings(entry, kind, amount_fen)
-- uses: award_attempts, award_credits
-- sentence: order {subject}: {fault}

-- section: violations
WITH marked AS (
    SELECT subject AS order_number, MIN(mark) AS mark, MIN(sent_ns) AS moment
    FROM history
    WHERE mark IS NOT NULL AND subject IS NOT NULL
    GROUP BY subject
),
honest AS (
    SELECT order_number, MAX(amount_fen) AS amount_fen
    FROM award_attempts
    WHERE order_number IS NOT NULL
    GROUP BY order_number
)
SELECT
    marked.order_number AS subject,
    CASE
        WHEN honest.order_number IS NULL THEN 'a {mark} token brought {amount_fen} fen that no game gave'
        ELSE 'after a {mark} token {amount_fen} fen are credited, and the game gave {given_fen} fen'
    END AS fault,
    award_credits.amount_fen - COALESCE(honest.amount_fen, 0) AS badness,
    marked.moment,
    marked.mark,
    award_credits.amount_fen,
    honest.amount_fen AS given_fen
FROM marked
INNER JOIN award_credits ON award_credits.order_number = marked.order_number
LEFT JOIN honest ON honest.order_number = marked.order_number
WHERE honest.order_number IS NULL OR award_credits.amount_fen <> honest.amount_fen

-- section: unsettled
SELECT COALESCE(person, 'unknown') AS subject, 'showed a {mark} token that names no order: nothing to look for' AS fault
FROM history
WHERE mark IS NOT NULL AND subject IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM history WHERE mark IS NOT NULL

-- section: canary
INSERT INTO history
    (worker, number, person, operation, subject, sent_ns, done_ns, outcome, mark, tag, clock_error_ns)
VALUES
    ('canary', 1, 'canary', 'wallet', 'canary-1', 1, 2, 'ok', 'forged', FALSE, 0);
INSERT INTO postings (store, number, entry, kind, account, account_kind, amount_fen, posted_us, tag) VALUES
    ('canary', 1, 'canary-1', 'award', 'canary', 'user', 30, 1, FALSE)

-- section: proof
SELECT 'history' AS "table", * FROM history WHERE subject = $subject ORDER BY sent_ns, worker, number LIMIT 5;
SELECT 'postings' AS "table", * FROM postings WHERE entry = $subject ORDER BY store, number LIMIT 5
