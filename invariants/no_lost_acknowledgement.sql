-- statement: whatever a client was told happened (funding, payment, opening) is in the evidence with the same amount
-- needs: history, packets(packet, total_fen), opens(packet, person, amount_fen), postings(entry, kind, amount_fen), accounts(account)
-- sentence: operation {worker}/{number}: person {person} {fault}

-- section: violations
WITH told AS (
    SELECT worker, number, person, operation, subject, "key", amount_fen, sequence, done_ns
    FROM history
    WHERE outcome = 'ok' AND operation IN ('fund', 'pay', 'open')
),
paid AS (
    SELECT subject AS packet, SUM(amount_fen) AS paid_fen
    FROM postings
    WHERE kind = 'pay' AND account_kind = 'escrow'
    GROUP BY subject
),
live AS (
    SELECT packet, sender, total_fen, 1 AS stands
    FROM packets
    WHERE state IS DISTINCT FROM 'void'
),
funded AS (
    SELECT postings.entry, postings.amount_fen, accounts.person, 1 AS stands
    FROM postings
    LEFT JOIN accounts
        ON
            accounts.store = postings.store
            AND accounts.account = postings.account
            AND COALESCE(accounts.tag, FALSE) = COALESCE(postings.tag, FALSE)
    WHERE postings.kind = 'fund' AND COALESCE(postings.account_kind, 'user') = 'user'
),
vouchers AS (
    SELECT packet, person, amount_fen, sequence, 1 AS stands
    FROM opens
)
SELECT
    COALESCE(told.subject, 'without an id') AS subject,
    'was told {amount_fen} fen of packet {subject} (share {sequence}), and no such share was opened' AS fault,
    told.amount_fen AS badness,
    told.done_ns AS moment,
    told.worker,
    told.number,
    told.person,
    told.operation,
    told."key",
    told.amount_fen,
    told.sequence
FROM told
LEFT JOIN vouchers
    ON
        vouchers.packet = told.subject
        AND vouchers.person = told.person
        AND vouchers.amount_fen = told.amount_fen
        AND COALESCE(vouchers.sequence, told.sequence, 0) = COALESCE(told.sequence, vouchers.sequence, 0)
WHERE told.operation = 'open' AND told.amount_fen IS NOT NULL AND vouchers.stands IS NULL
UNION ALL
SELECT
    COALESCE(told.subject, 'without an id') AS subject,
    'was told that packet {subject} is paid with {amount_fen} fen, and it is not' AS fault,
    told.amount_fen AS badness,
    told.done_ns AS moment,
    told.worker,
    told.number,
    told.person,
    told.operation,
    told."key",
    told.amount_fen,
    told.sequence
FROM told
LEFT JOIN live
    ON
        live.packet = told.subject
        AND live.total_fen = COALESCE(told.amount_fen, live.total_fen)
        AND COALESCE(live.sender, told.person) = told.person
LEFT JOIN paid ON paid.packet = told.subject AND paid.paid_fen >= live.total_fen
WHERE told.operation = 'pay' AND (live.stands IS NULL OR paid.packet IS NULL)
UNION ALL
SELECT
    COALESCE(told."key", 'without a key') AS subject,
    'was told that {amount_fen} fen were added, and their account has no such entry fund:{key}' AS fault,
    told.amount_fen AS badness,
    told.done_ns AS moment,
    told.worker,
    told.number,
    told.person,
    told.operation,
    told."key",
    told.amount_fen,
    told.sequence
FROM told
LEFT JOIN funded
    ON
        funded.entry = 'fund:' || told."key"
        AND funded.amount_fen = told.amount_fen
        AND funded.person = told.person
WHERE told.operation = 'fund' AND told.amount_fen IS NOT NULL AND funded.stands IS NULL

-- section: unsettled
SELECT
    COALESCE(subject, "key", 'unknown') AS subject,
    'was acknowledged in an operation that kept no amount: nothing to compare' AS fault
FROM history
WHERE outcome = 'ok' AND operation IN ('fund', 'open') AND amount_fen IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM history WHERE outcome = 'ok' AND operation IN ('fund', 'pay', 'open')

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
WHERE entry = 'fund:' || $key OR (subject = $subject AND kind = 'pay') ORDER BY store, number LIMIT 10
