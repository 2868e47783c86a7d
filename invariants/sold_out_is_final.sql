-- statement: no opening that succeeded was asked for after a sold-out answer of the same packet was complete
-- needs: history(clock_error_ns), opens(packet, person)
-- uses: attempts
-- sentence: person {person} opened packet {subject} for {amount_fen} fen, first asked for {late_ns} ns after it was answered sold out

-- section: violations
WITH answers AS (
    SELECT
        subject AS packet,
        worker,
        MIN(done_ns) AS told_ns,
        MIN(done_ns + clock_error_ns) AS told_by_ns
    FROM history
    WHERE operation IN ('grab', 'open') AND outcome = 'fail' AND reason = 'sold_out' AND done_ns IS NOT NULL
    GROUP BY subject, worker
),
earliest AS (
    SELECT packet, MIN(told_ns) AS told_ns, MIN(told_by_ns) AS told_by_ns
    FROM answers
    GROUP BY packet
),
-- who asked after somebody had been told, by whatever clock: few
suspects AS (
    SELECT attempts.subject AS packet, attempts.person
    FROM attempts
    INNER JOIN earliest ON earliest.packet = attempts.subject
    WHERE
        attempts.operation = 'open'
        AND (
            attempts.sent_ns > earliest.told_ns
            OR attempts.sent_ns - attempts.clock_error_ns > earliest.told_by_ns
        )
    GROUP BY attempts.subject, attempts.person
),
-- one clock compares exactly; two clocks only beyond the error of both
tries AS (
    SELECT
        attempts.subject AS packet,
        attempts.person,
        attempts."key",
        attempts.amount_fen,
        attempts.outcome,
        attempts.sent_ns,
        attempts.sent_ns - earliest.told_ns AS late_ns,
        CASE
            WHEN
                attempts.sent_ns > own.told_ns
                OR attempts.sent_ns - attempts.clock_error_ns > earliest.told_by_ns
                THEN 1
            ELSE 0
        END AS late
    FROM attempts
    INNER JOIN suspects
        ON suspects.packet = attempts.subject AND suspects.person IS NOT DISTINCT FROM attempts.person
    INNER JOIN earliest ON earliest.packet = attempts.subject
    LEFT JOIN answers AS own ON own.packet = attempts.subject AND own.worker = attempts.worker
    WHERE attempts.operation = 'open'
),
-- Any attempt that may have had the effect excuses it: all of a person's, or those with the key that the evidence names.
openings AS (
    SELECT
        tries.packet,
        tries.person,
        opens.voucher,
        MIN(tries.late) AS late,
        MIN(tries.late_ns) AS late_ns,
        MIN(tries.sent_ns) AS sent_ns,
        MAX(CASE WHEN opens.packet IS NOT NULL OR tries.outcome = 'ok' THEN 1 ELSE 0 END) AS happened,
        MAX(COALESCE(opens.amount_fen, tries.amount_fen)) AS amount_fen
    FROM tries
    LEFT JOIN opens ON opens.packet = tries.packet AND opens.person = tries.person
    WHERE opens.packet IS NULL OR opens."key" IS NULL OR tries."key" IS NULL OR opens."key" = tries."key"
    GROUP BY tries.packet, tries.person, opens.voucher
)
SELECT
    packet AS subject,
    late_ns AS badness,
    sent_ns AS moment,
    person,
    voucher,
    amount_fen,
    late_ns
FROM openings
WHERE late = 1 AND happened = 1

-- section: unsettled
SELECT COALESCE(subject, 'unknown') AS subject, 'has an opening without packet or time' AS fault
FROM attempts
WHERE
    operation = 'open' AND outcome = 'ok' AND (subject IS NULL OR sent_ns IS NULL OR clock_error_ns IS NULL)
UNION ALL
SELECT COALESCE(subject, 'unknown') AS subject, 'has a sold-out answer without packet or time' AS fault
FROM history
WHERE
    operation IN ('grab', 'open')
    AND outcome = 'fail'
    AND reason = 'sold_out'
    AND (subject IS NULL OR sent_ns IS NULL OR clock_error_ns IS NULL OR done_ns IS NULL)

-- section: examined
SELECT COUNT(*) AS examined
FROM history
WHERE operation IN ('grab', 'open') AND outcome = 'fail' AND reason = 'sold_out'

-- section: canary
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, "key", tag)
VALUES ('canary', 'canary', 'canary-2', 2, 30, 0, 'canary-2', 'canary-key-2', FALSE);
INSERT INTO history
    (worker, number, person, operation, subject, "key", amount_fen, sent_ns, done_ns, outcome, reason, tag, clock_error_ns)
VALUES
    ('canary', 1, 'canary-1', 'grab', 'canary', 'canary-key-1', NULL, 100, 200, 'fail', 'sold_out', FALSE, 0),
    ('canary', 2, 'canary-2', 'open', 'canary', 'canary-key-2', 30, 201, 300, 'ok', NULL, FALSE, 0)

-- section: proof
SELECT 'history' AS "table", * FROM history
WHERE operation IN ('grab', 'open') AND outcome = 'fail' AND reason = 'sold_out' AND subject = $subject
ORDER BY done_ns, worker, number LIMIT 3;
SELECT 'history' AS "table", * FROM history
WHERE operation = 'open' AND subject = $subject AND person = $person ORDER BY sent_ns, worker, number LIMIT 10;
SELECT 'opens' AS "table", * FROM opens WHERE packet = $subject AND person = $person ORDER BY voucher LIMIT 5
