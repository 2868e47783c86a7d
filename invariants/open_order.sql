-- statement: the order of a packet's sequence numbers respects real time, remaining falls by each amount, and clients were
--   told the same sequence and remaining
-- needs: history(clock_error_ns), packets(packet, total_fen), opens(packet, person, sequence, amount_fen, remaining_fen)
-- uses: attempts, chain, links_sheet, loose, odd, takings, terms
-- sentence: packet {subject}: share {sequence} of person {person} {fault}

-- section: violations
WITH broken AS (
    SELECT
        chain.packet,
        chain.person,
        chain.sequence,
        chain.amount_fen,
        chain.remaining_fen,
        chain.opened_us,
        chain.position,
        COALESCE(chain.before_fen, terms.total_fen) AS before_fen
    FROM chain
    LEFT JOIN terms ON chain.before_fen IS NULL AND terms.packet = chain.packet
    WHERE
        chain.sequence IS DISTINCT FROM chain.position
        OR chain.remaining_fen IS DISTINCT FROM COALESCE(chain.before_fen, terms.total_fen) - chain.amount_fen
),
-- When each share was asked for and when its success was known; whoever was not told its number is looked up.
noted AS (
    SELECT subject AS packet, sequence, sent_ns, done_ns
    FROM attempts
    WHERE operation = 'open' AND outcome = 'ok' AND sequence IS NOT NULL
    UNION ALL
    SELECT opens.packet, opens.sequence, attempts.sent_ns, CASE WHEN attempts.outcome = 'ok' THEN attempts.done_ns END AS done_ns
    FROM attempts
    INNER JOIN opens
        ON
            opens.packet = attempts.subject
            AND opens.person = attempts.person
            AND COALESCE(opens."key", attempts."key", '') = COALESCE(attempts."key", opens."key", '')
    WHERE attempts.operation = 'open' AND (attempts.outcome <> 'ok' OR attempts.sequence IS NULL)
),
shares AS (
    SELECT packet, sequence, MIN(sent_ns) AS sent_ns, MIN(done_ns) AS done_ns
    FROM noted
    GROUP BY packet, sequence
),
doubted AS (
    SELECT
        packet,
        done_ns,
        MAX(sent_ns) OVER (
            PARTITION BY packet ORDER BY sequence, sent_ns ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS sent_before_ns
    FROM shares
),
-- Only where shares, numbers and answers agree, and nothing was known before an earlier share was sent by any clock, is
-- the order beyond doubt.
suspects AS (
    SELECT packet FROM doubted WHERE sent_before_ns > done_ns
    UNION
    SELECT packet FROM broken
    UNION
    SELECT subject AS packet FROM odd WHERE outcome = 'ok'
),
-- what the clients know of each opening: when it was first asked for, when its success was first known
asked AS (
    SELECT
        attempts.subject AS packet,
        attempts.person,
        attempts."key",
        attempts.worker,
        MIN(attempts.sent_ns) AS sent_ns,
        CASE
            WHEN COUNT(*) = COUNT(attempts.clock_error_ns) THEN MIN(attempts.sent_ns - attempts.clock_error_ns)
        END AS sent_from_ns,
        MIN(CASE WHEN attempts.outcome = 'ok' THEN attempts.done_ns END) AS done_ns,
        MIN(CASE WHEN attempts.outcome = 'ok' THEN attempts.done_ns + attempts.clock_error_ns END) AS done_by_ns
    FROM attempts
    INNER JOIN suspects ON suspects.packet = attempts.subject
    WHERE attempts.operation = 'open'
    GROUP BY attempts.subject, attempts.person, attempts."key", attempts.worker
),
openings AS (
    SELECT
        opens.packet,
        opens.person,
        opens.sequence,
        opens.voucher,
        CASE WHEN MIN(asked.worker) = MAX(asked.worker) THEN MIN(asked.worker) END AS worker,
        MIN(asked.sent_ns) AS sent_ns,
        CASE WHEN COUNT(*) = COUNT(asked.sent_from_ns) THEN MIN(asked.sent_from_ns) END AS sent_from_ns,
        MIN(asked.done_ns) AS done_ns,
        MIN(asked.done_by_ns) AS done_by_ns
    FROM opens
    INNER JOIN asked
        ON
            asked.packet = opens.packet
            AND asked.person = opens.person
            AND COALESCE(asked."key", opens."key", '') = COALESCE(opens."key", asked."key", '')
    WHERE opens.sequence IS NOT NULL
    GROUP BY opens.packet, opens.person, opens.sequence, opens.voucher
),
-- one clock compares exactly; two clocks only beyond the error of both
timed AS (
    SELECT
        packet,
        person,
        sequence,
        CASE WHEN worker IS NOT NULL THEN done_ns END AS done_here_ns,
        MAX(CASE WHEN worker IS NOT NULL THEN sent_ns END) OVER (
            PARTITION BY packet, worker ORDER BY sequence, voucher NULLS LAST, person
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS sent_here_ns,
        done_by_ns,
        MAX(sent_from_ns) OVER (
            PARTITION BY packet ORDER BY sequence, voucher NULLS LAST, person
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS sent_from_ns
    FROM openings
)
SELECT
    COALESCE(packet, 'without an id') AS subject,
    CASE
        WHEN sequence IS DISTINCT FROM position THEN 'is opening number {position}: a share is missing or stands twice'
        WHEN remaining_fen IS NULL THEN 'does not say what remained'
        ELSE 'took {amount_fen} fen of {before_fen} fen and left {remaining_fen} fen'
    END AS fault,
    ABS(COALESCE(before_fen, 0) - COALESCE(amount_fen, 0) - COALESCE(remaining_fen, 0)) AS badness,
    opened_us AS moment,
    person,
    sequence,
    position,
    amount_fen,
    before_fen,
    remaining_fen,
    CAST(NULL AS BIGINT) AS early_ns,
    CAST(NULL AS BIGINT) AS told_sequence,
    CAST(NULL AS BIGINT) AS told_fen
FROM broken
UNION ALL
SELECT
    packet AS subject,
    'was answered {early_ns} ns before an earlier share was even asked for' AS fault,
    COALESCE(sent_here_ns - done_here_ns, sent_from_ns - done_by_ns) AS badness,
    CAST(NULL AS BIGINT) AS moment,
    person,
    sequence,
    CAST(NULL AS BIGINT) AS position,
    CAST(NULL AS BIGINT) AS amount_fen,
    CAST(NULL AS BIGINT) AS before_fen,
    CAST(NULL AS BIGINT) AS remaining_fen,
    CASE WHEN sent_here_ns > done_here_ns THEN sent_here_ns - done_here_ns ELSE sent_from_ns - done_by_ns END AS early_ns,
    CAST(NULL AS BIGINT) AS told_sequence,
    CAST(NULL AS BIGINT) AS told_fen
FROM timed
WHERE sent_here_ns > done_here_ns OR sent_from_ns > done_by_ns
UNION ALL
SELECT
    packet AS subject,
    'left {remaining_fen} fen, and its client was told share {told_sequence} and {told_fen} fen remaining' AS fault,
    ABS(COALESCE(told_remaining_fen, remaining_fen) - COALESCE(remaining_fen, 0)) AS badness,
    opened_us AS moment,
    person,
    sequence,
    CAST(NULL AS BIGINT) AS position,
    amount_fen,
    CAST(NULL AS BIGINT) AS before_fen,
    remaining_fen,
    CAST(NULL AS BIGINT) AS early_ns,
    told_sequence,
    told_remaining_fen AS told_fen
FROM odd
WHERE
    stands IS NOT NULL
    AND outcome = 'ok'
    AND (
        COALESCE(told_sequence, sequence) IS DISTINCT FROM sequence
        OR COALESCE(told_remaining_fen, remaining_fen) IS DISTINCT FROM remaining_fen
    )

-- section: unsettled
SELECT COALESCE(subject, 'unknown') AS subject, 'has an opening that does not say when, by which clock, or of what' AS fault
FROM attempts
WHERE operation = 'open' AND outcome = 'ok' AND (sent_ns IS NULL OR clock_error_ns IS NULL OR subject IS NULL)

-- section: examined
SELECT COUNT(*) AS examined FROM opens

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE);
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, "key", tag) VALUES
    ('canary', 'canary', 'canary-1', 1, 30, 70, 'canary-1', 'canary-key-1', FALSE),
    ('canary', 'canary', 'canary-2', 2, 20, 50, 'canary-2', 'canary-key-2', FALSE);
INSERT INTO history
    (worker, number, person, operation, subject, "key", amount_fen, sent_ns, done_ns, outcome, sequence, remaining_fen, tag, clock_error_ns)
VALUES
    ('canary', 1, 'canary-2', 'open', 'canary', 'canary-key-2', 20, 100, 200, 'ok', 2, 50, FALSE, 0),
    ('canary', 2, 'canary-1', 'open', 'canary', 'canary-key-1', 30, 300, 400, 'ok', 1, 70, FALSE, 0)

-- section: proof
SELECT 'opens' AS "table", * FROM opens
WHERE packet = $subject AND sequence <= $sequence ORDER BY sequence DESC, voucher LIMIT 5;
SELECT 'history' AS "table", * FROM history
WHERE operation = 'open' AND outcome IN ('ok', 'info') AND subject = $subject AND person = $person
ORDER BY sent_ns, worker, number LIMIT 5;
SELECT 'history' AS "table", * FROM history
WHERE operation = 'open' AND outcome = 'ok' AND subject = $subject AND sequence < $sequence
ORDER BY sent_ns DESC, worker, number LIMIT 5
