-- statement: no opening that succeeded was asked for after a sold-out answer of the same packet was complete
-- needs: history(clock_error_ns), opens(packet, person)
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
-- one clock compares exactly; two clocks only beyond the error of both
attempts AS (
    SELECT
        history.subject AS packet,
        history.person,
        history."key",
        history.amount_fen,
        history.outcome,
        history.sent_ns,
        history.sent_ns - earliest.told_ns AS late_ns,
        CASE
            WHEN
                history.sent_ns > own.told_ns
                OR history.sent_ns - history.clock_error_ns > earliest.told_by_ns
                THEN 1
            ELSE 0
        END AS late
    FROM history
    INNER JOIN earliest ON earliest.packet = history.subject
    LEFT JOIN answers AS own ON own.packet = history.subject AND own.worker = history.worker
    WHERE history.operation = 'open' AND COALESCE(history.outcome, 'info') IN ('ok', 'info')
),
-- Any attempt that may have had the effect excuses it: all of a person's, or those with the key that the evidence names.
openings AS (
    SELECT
        attempts.packet,
        attempts.person,
        opens.voucher,
        MIN(attempts.late) AS late,
        MIN(attempts.late_ns) AS late_ns,
        MIN(attempts.sent_ns) AS sent_ns,
        MAX(CASE WHEN opens.packet IS NOT NULL OR attempts.outcome = 'ok' THEN 1 ELSE 0 END) AS happened,
        MAX(COALESCE(opens.amount_fen, attempts.amount_fen)) AS amount_fen
    FROM attempts
    LEFT JOIN opens ON opens.packet = attempts.packet AND opens.person = attempts.person
    WHERE opens.packet IS NULL OR opens."key" IS NULL OR attempts."key" IS NULL OR opens."key" = attempts."key"
    GROUP BY attempts.packet, attempts.person, opens.voucher
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
SELECT COALESCE(subject, 'unknown') AS subject, 'has an opening or a sold-out answer without packet or time' AS fault
FROM history
WHERE
    (subject IS NULL OR sent_ns IS NULL OR clock_error_ns IS NULL OR (done_ns IS NULL AND outcome = 'fail'))
    AND (
        (operation = 'open' AND outcome = 'ok')
        OR (operation IN ('grab', 'open') AND outcome = 'fail' AND reason = 'sold_out')
    )

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
