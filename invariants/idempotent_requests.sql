-- statement: one client key has one effect and one answer
-- needs: history, opens(key), postings(entry, kind)
-- uses: attempts, inflows
-- sentence: {operation} by person {person} under key {key}: {fault}

-- section: violations
WITH refused AS (
    SELECT worker, person, operation, "key", sent_ns, clock_error_ns, reason
    FROM history
    WHERE
        "key" IS NOT NULL
        AND outcome = 'fail'
        AND operation IN ('fund', 'send', 'pay', 'open')
        AND reason IN (
            'sold_out', 'already_opened', 'expired', 'not_paid', 'unknown', 'void', 'insufficient_funds', 'key_bound', 'not_sender'
        )
),
told AS (
    SELECT "key" FROM attempts WHERE outcome = 'ok' AND "key" IS NOT NULL
    UNION ALL
    SELECT "key" FROM refused
),
-- one answer cannot disagree with itself
repeated AS (
    SELECT "key"
    FROM told
    GROUP BY "key"
    HAVING COUNT(*) > 1
),
effects AS (
    SELECT person, "key"
    FROM opens
    WHERE "key" IS NOT NULL
    GROUP BY person, "key"
    HAVING COUNT(*) > 1
),
answers AS (
    SELECT attempts.*
    FROM attempts
    INNER JOIN repeated ON repeated."key" = attempts."key"
    WHERE attempts.outcome = 'ok'
),
intents AS (
    SELECT
        operation,
        person,
        "key",
        MIN(subject) AS subject,
        COUNT(*) AS answers,
        MIN(sent_ns) AS moment,
        MIN(done_ns) AS told_ns,
        MIN(done_ns + clock_error_ns) AS told_by_ns,
        CASE WHEN MIN(worker) = MAX(worker) THEN MIN(worker) END AS worker,
        MIN(amount_fen) AS least_fen,
        MAX(amount_fen) AS most_fen,
        CASE WHEN MIN(subject) <> MAX(subject) OR COUNT(subject) NOT IN (0, COUNT(*)) THEN 1 ELSE 0 END AS subjects,
        CASE WHEN MIN(amount_fen) <> MAX(amount_fen) OR COUNT(amount_fen) NOT IN (0, COUNT(*)) THEN 1 ELSE 0 END AS amounts,
        CASE WHEN MIN(sequence) <> MAX(sequence) OR COUNT(sequence) NOT IN (0, COUNT(*)) THEN 1 ELSE 0 END AS sequences,
        CASE
            WHEN MIN(remaining_fen) <> MAX(remaining_fen) OR COUNT(remaining_fen) NOT IN (0, COUNT(*)) THEN 1
            ELSE 0
        END AS remainders
    FROM answers
    GROUP BY operation, person, "key"
)
SELECT
    COALESCE(subject, "key") AS subject,
    'its {answers} answers differ ({least_fen} to {most_fen} fen)' AS fault,
    COALESCE(most_fen - least_fen, 0) AS badness,
    moment,
    operation,
    person,
    "key",
    answers,
    least_fen,
    most_fen,
    CAST(NULL AS VARCHAR) AS reason
FROM intents
WHERE subjects = 1 OR amounts = 1 OR sequences = 1 OR remainders = 1
UNION ALL
SELECT
    COALESCE(intents.subject, intents."key") AS subject,
    'it succeeded with {most_fen} fen, and a later attempt was refused as {reason}' AS fault,
    COALESCE(intents.most_fen, 0) AS badness,
    intents.moment,
    intents.operation,
    intents.person,
    intents."key",
    intents.answers,
    intents.least_fen,
    intents.most_fen,
    refused.reason
FROM intents
INNER JOIN refused
    ON
        refused.operation = intents.operation
        AND refused.person = intents.person
        AND refused."key" = intents."key"
WHERE
    (refused.worker = intents.worker AND refused.sent_ns > intents.told_ns)
    OR refused.sent_ns - refused.clock_error_ns > intents.told_by_ns
UNION ALL
SELECT
    MIN(opens.packet) AS subject,
    'it had {answers} effects' AS fault,
    SUM(opens.amount_fen) AS badness,
    CAST(NULL AS BIGINT) AS moment,
    'open' AS operation,
    opens.person,
    opens."key",
    COUNT(*) AS answers,
    MIN(opens.amount_fen) AS least_fen,
    MAX(opens.amount_fen) AS most_fen,
    CAST(NULL AS VARCHAR) AS reason
FROM opens
INNER JOIN effects ON effects.person IS NOT DISTINCT FROM opens.person AND effects."key" = opens."key"
GROUP BY opens.person, opens."key"
UNION ALL
SELECT
    entry AS subject,
    'it had {answers} effects' AS fault,
    SUM(amount_fen) AS badness,
    CAST(NULL AS BIGINT) AS moment,
    'fund' AS operation,
    MIN(account) AS person,
    entry AS "key",
    COUNT(*) AS answers,
    MIN(amount_fen) AS least_fen,
    MAX(amount_fen) AS most_fen,
    CAST(NULL AS VARCHAR) AS reason
FROM inflows
WHERE kind = 'fund' AND COALESCE(account_kind, 'user') = 'user'
GROUP BY entry
HAVING COUNT(*) > 1

-- section: examined
SELECT COUNT(*) AS examined FROM attempts WHERE outcome = 'ok' AND "key" IS NOT NULL

-- section: canary
INSERT INTO history
    (worker, number, person, operation, subject, "key", amount_fen, sent_ns, done_ns, outcome, sequence, remaining_fen, tag, clock_error_ns)
VALUES
    ('canary', 1, 'canary-1', 'open', 'canary', 'canary-key-1', 30, 100, 200, 'ok', 1, 70, FALSE, 0),
    ('canary', 2, 'canary-1', 'open', 'canary', 'canary-key-1', 31, 300, 400, 'ok', 1, 70, FALSE, 0)

-- section: proof
SELECT 'history' AS "table", * FROM history
WHERE operation = $operation AND person = $person AND "key" = $key ORDER BY sent_ns, worker, number LIMIT 10;
SELECT 'opens' AS "table", * FROM opens WHERE person = $person AND "key" = $key ORDER BY packet, voucher LIMIT 5;
SELECT 'postings' AS "table", * FROM postings
WHERE entry IN ($subject, 'fund:' || $person || ':' || $key) ORDER BY store, number LIMIT 5
