-- statement: no process shows a smaller total than it showed before, and in the end the total is within 1 % of the awards
-- needs: history(amount_fen), awards(activity, stage, amount_fen), live_totals(activity, total_fen)
-- sentence: total of {subject}: {fault}

-- section: violations
WITH shown AS (
    SELECT
        worker,
        number,
        person,
        COALESCE(reader, 'unknown') AS reader,
        COALESCE(tag, FALSE) AS tag,
        amount_fen,
        sent_ns - clock_error_ns AS began_ns,
        done_ns + clock_error_ns AS ended_ns
    FROM history
    WHERE operation = 'total' AND outcome = 'ok' AND amount_fen IS NOT NULL AND reader IS NOT NULL
),
-- what was shown is known to all who ask later; who asks at the same moment need not know it
moments AS (
    SELECT reader, tag, began_ns AS at_ns, 0 AS known, CAST(NULL AS BIGINT) AS told_fen, amount_fen, person, worker, number
    FROM shown
    UNION ALL
    SELECT reader, tag, ended_ns AS at_ns, 1 AS known, amount_fen AS told_fen, amount_fen, person, worker, number
    FROM shown
),
running AS (
    SELECT
        reader,
        tag,
        at_ns,
        known,
        amount_fen,
        person,
        worker,
        number,
        MAX(told_fen) OVER (
            PARTITION BY reader, tag
            ORDER BY at_ns, known, worker, number
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS before_fen
    FROM moments
),
given AS (
    SELECT activity, COALESCE(tag, FALSE) AS tag, SUM(amount_fen) AS given_fen
    FROM awards
    WHERE stage = 'live'
    GROUP BY activity, COALESCE(tag, FALSE)
)
SELECT
    reader AS subject,
    '{amount_fen} fen were shown after {before_fen} fen' AS fault,
    before_fen - amount_fen AS badness,
    at_ns AS moment,
    person,
    worker,
    number,
    CAST(NULL AS VARCHAR) AS activity,
    amount_fen,
    before_fen
FROM running
WHERE known = 0 AND amount_fen < before_fen
UNION ALL
SELECT
    live_totals.store AS subject,
    'it says {amount_fen} fen, and {before_fen} fen were awarded' AS fault,
    ABS(live_totals.total_fen - COALESCE(given.given_fen, 0)) AS badness,
    CAST(NULL AS BIGINT) AS moment,
    CAST(NULL AS VARCHAR) AS person,
    CAST(NULL AS VARCHAR) AS worker,
    CAST(NULL AS BIGINT) AS number,
    live_totals.activity,
    live_totals.total_fen AS amount_fen,
    COALESCE(given.given_fen, 0) AS before_fen
FROM live_totals
LEFT JOIN given ON given.activity = live_totals.activity AND given.tag = COALESCE(live_totals.tag, FALSE)
WHERE ABS(live_totals.total_fen - COALESCE(given.given_fen, 0)) * 100 > COALESCE(given.given_fen, 0)

-- section: unsettled
SELECT COALESCE(person, 'unknown') AS subject, 'was shown a total by a process that does not say which it is' AS fault
FROM history
WHERE operation = 'total' AND outcome = 'ok' AND (reader IS NULL OR amount_fen IS NULL)

-- section: examined
SELECT COUNT(*) AS examined FROM history WHERE operation = 'total' AND outcome = 'ok'

-- section: canary
INSERT INTO history
    (worker, number, person, operation, reader, amount_fen, sent_ns, done_ns, outcome, tag, clock_error_ns)
VALUES
    ('canary', 1, 'canary', 'total', 'canary', 30, 1, 2, 'ok', FALSE, 0),
    ('canary', 2, 'canary', 'total', 'canary', 29, 3, 4, 'ok', FALSE, 0)

-- section: proof
SELECT 'history' AS "table", * FROM history
WHERE person = $person AND operation = 'total' AND reader = $subject ORDER BY sent_ns, worker, number LIMIT 10;
SELECT 'live_totals' AS "table", * FROM live_totals
WHERE activity = $activity AND store = $subject ORDER BY tag, total_fen LIMIT 5
