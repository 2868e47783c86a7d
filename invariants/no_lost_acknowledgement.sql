-- statement: whatever a client was told happened (funding, payment, opening) is in the evidence with the same amount
-- needs: history, packets(packet, total_fen), opens(packet, person, amount_fen), postings(entry, kind, amount_fen), accounts(account)
-- uses: attempts, inflows, odd
-- sentence: operation {worker}/{number}: person {person} {fault}

-- section: violations
WITH paid AS (
    SELECT subject AS packet, SUM(amount_fen) AS paid_fen
    FROM inflows
    WHERE kind = 'pay' AND account_kind = 'escrow'
    GROUP BY subject
),
live AS (
    SELECT packets.packet, packets.sender, packets.total_fen
    FROM packets
    INNER JOIN paid ON paid.packet = packets.packet AND paid.paid_fen >= packets.total_fen
    WHERE packets.state IS DISTINCT FROM 'void'
),
funded AS (
    SELECT inflows.entry, inflows.amount_fen, accounts.person
    FROM inflows
    INNER JOIN accounts
        ON
            accounts.store = inflows.store
            AND accounts.account = inflows.account
            AND COALESCE(accounts.tag, FALSE) = COALESCE(inflows.tag, FALSE)
    WHERE inflows.kind = 'fund' AND COALESCE(inflows.account_kind, 'user') = 'user'
),
-- whose account a packet was paid from
payers AS (
    SELECT inflows.subject AS packet, accounts.person
    FROM inflows
    INNER JOIN accounts
        ON
            accounts.store = inflows.store
            AND accounts.account = inflows.account
            AND COALESCE(accounts.tag, FALSE) = COALESCE(inflows.tag, FALSE)
    WHERE inflows.kind = 'pay' AND inflows.account_kind = 'user' AND inflows.amount_fen < 0
),
doubtful AS (
    SELECT worker, number
    FROM odd
    WHERE outcome = 'ok'
    GROUP BY worker, number
),
lost AS (
    SELECT
        attempts.*,
        attempts.subject AS id,
        'was told {amount_fen} fen of packet {subject} (share {sequence}), and no such share was opened' AS fault
    FROM attempts
    INNER JOIN doubtful
        ON doubtful.worker IS NOT DISTINCT FROM attempts.worker AND doubtful.number IS NOT DISTINCT FROM attempts.number
    LEFT JOIN opens
        ON
            opens.packet = attempts.subject
            AND opens.person = attempts.person
            AND opens.amount_fen = attempts.amount_fen
            AND COALESCE(opens.sequence, attempts.sequence, 0) = COALESCE(attempts.sequence, opens.sequence, 0)
    WHERE attempts.outcome = 'ok' AND attempts.operation = 'open' AND attempts.amount_fen IS NOT NULL AND opens.packet IS NULL
    UNION ALL
    SELECT
        attempts.*,
        attempts.subject AS id,
        'was told that packet {subject} is paid with {amount_fen} fen, and it is not' AS fault
    FROM attempts
    LEFT JOIN live
        ON
            live.packet = attempts.subject
            AND live.total_fen = COALESCE(attempts.amount_fen, live.total_fen)
            AND COALESCE(live.sender, attempts.person) = attempts.person
    WHERE attempts.outcome = 'ok' AND attempts.operation = 'pay' AND live.packet IS NULL
    UNION ALL
    SELECT
        attempts.*,
        attempts.subject AS id,
        'was told that they paid for packet {subject}, and the account of somebody else did' AS fault
    FROM attempts
    INNER JOIN payers ON payers.packet = attempts.subject AND payers.person <> attempts.person
    WHERE attempts.outcome = 'ok' AND attempts.operation = 'pay'
    UNION ALL
    SELECT
        attempts.*,
        COALESCE(attempts."key", 'without a key') AS id,
        'was told that {amount_fen} fen were added, and their account has no such entry fund:{person}:{key}' AS fault
    FROM attempts
    LEFT JOIN funded
        ON
            funded.entry = 'fund:' || attempts.person || ':' || attempts."key"
            AND funded.amount_fen = attempts.amount_fen
            AND funded.person = attempts.person
    WHERE attempts.outcome = 'ok' AND attempts.operation = 'fund' AND attempts.amount_fen IS NOT NULL AND funded.entry IS NULL
)
SELECT
    COALESCE(id, 'without an id') AS subject,
    fault,
    amount_fen AS badness,
    done_ns AS moment,
    worker,
    number,
    person,
    operation,
    "key",
    amount_fen,
    sequence
FROM lost

-- section: unsettled
SELECT
    COALESCE(subject, "key", 'unknown') AS subject,
    'was acknowledged in an operation that kept no amount: nothing to compare' AS fault
FROM attempts
WHERE outcome = 'ok' AND operation IN ('fund', 'open') AND amount_fen IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM attempts WHERE outcome = 'ok' AND operation IN ('fund', 'pay', 'open')

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE);
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, tag)
VALUES ('canary', 'canary', 'canary-1', 1, 30, 70, 'canary-1', FALSE);
INSERT INTO history
    (worker, number, person, operation, subject, "key", amount_fen, sent_ns, done_ns, outcome, sequence, tag, clock_error_ns)
VALUES
    ('canary', 1, 'canary-1', 'open', 'canary', 'canary-key-1', 30, 1, 2, 'ok', 1, FALSE, 0),
    ('canary', 2, 'canary-2', 'open', 'canary', 'canary-key-2', 20, 3, 4, 'ok', 2, FALSE, 0)

-- section: proof
SELECT 'history' AS "table", * FROM history WHERE worker = $worker AND number = $number;
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 3;
SELECT 'opens' AS "table", * FROM opens
WHERE packet = $subject AND (person = $person OR sequence = $sequence) ORDER BY sequence, voucher LIMIT 5;
SELECT 'postings' AS "table", * FROM postings
WHERE entry = 'fund:' || $person || ':' || $key OR (subject = $subject AND kind = 'pay') ORDER BY store, number LIMIT 10
