-- statement: each packet has exactly one pay entry of its total; each pay entry has its packet or its return
-- needs: packets(packet, total_fen, state), postings(kind, subject, account_kind, amount_fen)
-- uses: inflows
-- sentence: packet {subject} ({total_fen} fen, {state}) {fault}

-- section: violations
WITH paid AS (
    SELECT
        subject AS packet,
        SUM(CASE WHEN kind = 'pay' THEN 1 ELSE 0 END) AS pays,
        SUM(CASE WHEN kind = 'pay' THEN amount_fen ELSE 0 END) AS paid_fen,
        SUM(CASE WHEN kind = 'return' THEN -amount_fen ELSE 0 END) AS returned_fen,
        MIN(posted_us) AS moment
    FROM inflows
    WHERE account_kind = 'escrow' AND kind IN ('pay', 'return')
    GROUP BY subject
),
matched AS (
    SELECT
        COALESCE(packets.packet, paid.packet) AS packet,
        packets.packet IS NOT NULL AND packets.state IS DISTINCT FROM 'void' AS alive,
        packets.total_fen,
        COALESCE(packets.state, 'absent') AS state,
        COALESCE(paid.pays, 0) AS pays,
        COALESCE(paid.paid_fen, 0) AS paid_fen,
        COALESCE(paid.returned_fen, 0) AS returned_fen,
        paid.moment
    FROM packets
    FULL OUTER JOIN paid ON paid.packet = packets.packet
)
SELECT
    COALESCE(packet, 'without an id') AS subject,
    CASE
        WHEN alive AND pays = 0 THEN 'was never paid'
        WHEN pays > 1 THEN 'was paid {pays} times, {paid_fen} fen'
        WHEN alive AND returned_fen <> 0 THEN 'is alive, yet {returned_fen} fen of it were returned'
        WHEN alive THEN 'was paid {paid_fen} fen'
        ELSE 'has no row of its own: {paid_fen} fen were paid and {returned_fen} fen returned'
    END AS fault,
    ABS(paid_fen - returned_fen - CASE WHEN alive THEN COALESCE(total_fen, 0) ELSE 0 END) AS badness,
    moment,
    total_fen,
    state,
    pays,
    paid_fen,
    returned_fen
FROM matched
WHERE
    pays > 1
    OR (alive AND (pays <> 1 OR paid_fen IS DISTINCT FROM total_fen OR returned_fen <> 0))
    OR (NOT alive AND paid_fen <> returned_fen)

-- section: unsettled
SELECT COALESCE(entry, 'unknown') AS subject, 'is an entry without a kind, an amount or a kind of account' AS fault
FROM postings
WHERE kind IS NULL OR account_kind IS NULL OR (amount_fen IS NULL AND kind IN ('pay', 'return'))

-- section: examined
SELECT COUNT(*) AS examined FROM packets

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE);
INSERT INTO postings (store, number, entry, kind, subject, account, account_kind, amount_fen, tag) VALUES
    ('canary', 1, 'pay:canary', 'pay', 'canary', 'canary-sender', 'user', -100, FALSE),
    ('canary', 2, 'pay:canary', 'pay', 'canary', 'canary-escrow', 'escrow', 100, FALSE),
    ('canary', 3, 'pay:canary:again', 'pay', 'canary', 'canary-sender', 'user', -100, FALSE),
    ('canary', 4, 'pay:canary:again', 'pay', 'canary', 'canary-escrow', 'escrow', 100, FALSE)

-- section: proof
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 3;
SELECT 'postings' AS "table", * FROM postings WHERE subject = $subject ORDER BY store, number LIMIT 10
