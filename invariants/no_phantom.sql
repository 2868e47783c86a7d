-- statement: whatever is in the evidence was attempted by an operation that succeeded or may have
-- needs: history, packets(packet), opens(packet, person), refunds(packet), postings(entry, kind, amount_fen)
-- uses: attempts, inflows, odd
-- sentence: {fault}

-- section: violations
WITH orders AS (
    SELECT packet, 1 AS stands
    FROM packets
    GROUP BY packet
)
SELECT
    COALESCE(packet, 'without an id') AS subject,
    'person {person} holds {amount_fen} fen of packet {subject} (key {key}) and never asked for it' AS fault,
    amount_fen AS badness,
    opened_us AS moment,
    person,
    amount_fen,
    "key"
FROM odd
WHERE stands IS NOT NULL AND outcome IS NULL
UNION ALL
SELECT
    COALESCE(packets.packet, 'without an id') AS subject,
    'packet {subject} of {amount_fen} fen stands and its sender {person} never paid for it' AS fault,
    packets.total_fen AS badness,
    packets.paid_us AS moment,
    packets.sender AS person,
    packets.total_fen AS amount_fen,
    CAST(NULL AS VARCHAR) AS "key"
FROM packets
LEFT JOIN attempts
    ON
        attempts.operation = 'pay'
        AND attempts.subject = packets.packet
        AND attempts.person = COALESCE(packets.sender, attempts.person)
WHERE packets.state IS DISTINCT FROM 'void' AND attempts.operation IS NULL
UNION ALL
SELECT
    COALESCE(refunds.packet, 'without an id') AS subject,
    'person {person} was refunded {amount_fen} fen of packet {subject}, which does not stand anywhere' AS fault,
    refunds.amount_fen AS badness,
    refunds.refunded_us AS moment,
    refunds.person,
    refunds.amount_fen,
    CAST(NULL AS VARCHAR) AS "key"
FROM refunds
LEFT JOIN orders ON orders.packet = refunds.packet
WHERE orders.stands IS NULL
UNION ALL
SELECT
    COALESCE(inflows.entry, 'without an id') AS subject,
    'entry {subject} added {amount_fen} fen to account {person}, and nobody asked for it' AS fault,
    inflows.amount_fen AS badness,
    inflows.posted_us AS moment,
    inflows.account AS person,
    inflows.amount_fen,
    CAST(NULL AS VARCHAR) AS "key"
FROM inflows
LEFT JOIN attempts
    ON
        attempts.operation = 'fund'
        AND 'fund:' || attempts.person || ':' || attempts."key" = inflows.entry
        AND COALESCE(attempts.amount_fen, inflows.amount_fen) = inflows.amount_fen
WHERE inflows.kind = 'fund' AND COALESCE(inflows.account_kind, 'user') = 'user' AND attempts.operation IS NULL

-- section: examined
SELECT SUM(items) AS examined
FROM (
    SELECT COUNT(*) AS items FROM opens
    UNION ALL
    SELECT COUNT(*) AS items FROM packets
    UNION ALL
    SELECT COUNT(*) AS items FROM refunds
) AS counted

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE);
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, tag)
VALUES ('canary', 'canary', 'canary-1', 1, 30, 70, 'canary-1', FALSE);
INSERT INTO history
    (worker, number, person, operation, subject, "key", amount_fen, sent_ns, done_ns, outcome, reason, tag, clock_error_ns)
VALUES
    ('canary', 1, 'canary-sender', 'pay', 'canary', 'canary-key-0', 100, 1, 2, 'ok', NULL, FALSE, 0),
    ('canary', 2, 'canary-1', 'open', 'canary', 'canary-key-1', NULL, 3, 4, 'fail', 'limited', FALSE, 0)

-- section: proof
SELECT 'history' AS "table", * FROM history
WHERE subject = $subject AND person = $person ORDER BY sent_ns, worker, number LIMIT 10;
SELECT 'opens' AS "table", * FROM opens WHERE packet = $subject AND person = $person ORDER BY voucher LIMIT 5;
SELECT 'postings' AS "table", * FROM postings WHERE entry = $subject ORDER BY store, number LIMIT 5
