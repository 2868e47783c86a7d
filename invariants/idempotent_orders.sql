-- statement: one order number is one award of one amount
-- needs: history, awards(order_number, amount_fen)
-- uses: award_attempts
-- sentence: order {subject}: {fault}

-- section: violations
WITH told AS (
    SELECT
        order_number,
        MIN(amount_fen) AS least_fen,
        MAX(amount_fen) AS most_fen,
        MIN(sent_ns) AS moment
    FROM award_attempts
    WHERE outcome = 'ok' AND order_number IS NOT NULL
    GROUP BY order_number
),
standing AS (
    SELECT
        order_number,
        COUNT(*) AS awards,
        MIN(amount_fen) AS least_fen,
        MAX(amount_fen) AS most_fen
    FROM awards
    GROUP BY order_number
)
SELECT
    order_number AS subject,
    'people were told {least_fen} fen and {most_fen} fen' AS fault,
    most_fen - least_fen AS badness,
    moment,
    least_fen,
    most_fen
FROM told
WHERE least_fen <> most_fen
UNION ALL
SELECT
    order_number AS subject,
    'it stands more than once, with {least_fen} to {most_fen} fen' AS fault,
    most_fen AS badness,
    CAST(NULL AS BIGINT) AS moment,
    least_fen,
    most_fen
FROM standing
WHERE awards > 1
UNION ALL
SELECT
    told.order_number AS subject,
    'people were told {least_fen} fen, and it stands with {most_fen} fen' AS fault,
    ABS(told.most_fen - standing.most_fen) AS badness,
    told.moment,
    told.most_fen AS least_fen,
    standing.most_fen
FROM told
INNER JOIN standing ON standing.order_number = told.order_number AND standing.awards = 1
WHERE told.least_fen = told.most_fen AND told.most_fen <> standing.most_fen

-- section: unsettled
SELECT COALESCE(person, 'unknown') AS subject, 'was given an award without order number or amount' AS fault
FROM award_attempts
WHERE outcome = 'ok' AND (order_number IS NULL OR amount_fen IS NULL)

-- section: examined
SELECT COUNT(*) AS examined FROM awards

-- section: canary
INSERT INTO awards (store, order_number, person, scene, rain, award_type, stage, amount_fen, state, tag) VALUES
    ('canary', 'canary-1', 'canary', 'rain', '1', 'cash', 'live', 30, 'credited', FALSE);
INSERT INTO history
    (worker, number, person, operation, subject, amount_fen, sent_ns, done_ns, outcome, tag, clock_error_ns)
VALUES
    ('canary', 1, 'canary', 'award', 'canary-1', 30, 1, 2, 'ok', FALSE, 0),
    ('canary', 2, 'canary', 'award', 'canary-1', 31, 3, 4, 'ok', FALSE, 0)

-- section: proof
SELECT 'history' AS "table", * FROM history
WHERE operation = 'award' AND subject = $subject ORDER BY sent_ns, worker, number LIMIT 5;
SELECT 'awards' AS "table", * FROM awards WHERE order_number = $subject ORDER BY store, amount_fen LIMIT 5
