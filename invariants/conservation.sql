-- statement: what was paid in equals what was opened, refunded and is still held, for each packet and in sum
-- needs: packets(packet), opens(packet, amount_fen), refunds(packet, amount_fen), postings(account, account_kind, kind, amount_fen)
-- uses: inflows
-- sentence: {subject}: {fault}

-- section: violations
WITH paid AS (
    SELECT store, COALESCE(tag, FALSE) AS tag, account, number, subject AS packet, amount_fen
    FROM inflows
    WHERE account_kind = 'escrow' AND kind IN ('pay', 'return')
),
moved AS (
    SELECT packet, SUM(amount_fen) AS funded_fen, 0 AS opened_fen, 0 AS refunded_fen
    FROM paid
    GROUP BY packet
    UNION ALL
    SELECT packet, 0 AS funded_fen, SUM(amount_fen) AS opened_fen, 0 AS refunded_fen
    FROM opens
    GROUP BY packet
    UNION ALL
    SELECT packet, 0 AS funded_fen, 0 AS opened_fen, SUM(amount_fen) AS refunded_fen
    FROM refunds
    GROUP BY packet
),
books AS (
    SELECT
        packet,
        SUM(COALESCE(funded_fen, 0)) AS funded_fen,
        SUM(COALESCE(opened_fen, 0)) AS opened_fen,
        SUM(COALESCE(refunded_fen, 0)) AS refunded_fen
    FROM moved
    GROUP BY packet
),
-- the escrow account of a packet is where its money was first paid in; several packets may share one
placed AS (
    SELECT
        packet,
        store,
        tag,
        account,
        ROW_NUMBER() OVER (PARTITION BY packet ORDER BY store NULLS LAST, tag, account NULLS LAST, number NULLS LAST) AS place
    FROM paid
),
owing AS (
    SELECT
        placed.store,
        placed.tag,
        placed.account,
        MIN(books.packet) AS packet,
        SUM(books.funded_fen) AS funded_fen,
        SUM(books.opened_fen) AS opened_fen,
        SUM(books.refunded_fen) AS refunded_fen
    FROM placed
    INNER JOIN books ON books.packet = placed.packet
    WHERE placed.place = 1
    GROUP BY placed.store, placed.tag, placed.account
),
holding AS (
    SELECT
        store,
        COALESCE(tag, FALSE) AS tag,
        account,
        SUM(COALESCE(amount_fen, 0)) AS held_fen,
        SUM(CASE WHEN kind IN ('pay', 'return') THEN COALESCE(amount_fen, 0) ELSE 0 END) AS funded_fen
    FROM postings
    WHERE account_kind = 'escrow'
    GROUP BY store, COALESCE(tag, FALSE), account
),
kinds AS (
    SELECT COALESCE(tag, FALSE) AS tag, account_kind, SUM(amount_fen) AS amount_fen
    FROM postings
    GROUP BY COALESCE(tag, FALSE), account_kind
)
SELECT
    COALESCE(owing.packet, holding.account) AS subject,
    'paid in {funded_fen} fen is not opened {opened_fen} + refunded {refunded_fen} + held {held_fen} fen' AS fault,
    ABS(
        COALESCE(holding.funded_fen, 0) - COALESCE(owing.opened_fen, 0) - COALESCE(owing.refunded_fen, 0)
        - COALESCE(holding.held_fen, 0)
    ) AS badness,
    COALESCE(holding.funded_fen, 0) AS funded_fen,
    COALESCE(owing.opened_fen, 0) AS opened_fen,
    COALESCE(owing.refunded_fen, 0) AS refunded_fen,
    COALESCE(holding.held_fen, 0) AS held_fen,
    holding.account
FROM holding
LEFT JOIN owing
    ON owing.store = holding.store AND owing.tag = holding.tag AND owing.account = holding.account
WHERE
    COALESCE(holding.funded_fen, 0) - COALESCE(owing.opened_fen, 0) - COALESCE(owing.refunded_fen, 0)
    <> COALESCE(holding.held_fen, 0)
UNION ALL
SELECT
    COALESCE(books.packet, 'no packet') AS subject,
    CASE
        WHEN books.opened_fen + books.refunded_fen > books.funded_fen
            THEN 'only {funded_fen} fen were paid in, yet {opened_fen} were opened and {refunded_fen} refunded'
        ELSE 'it is settled, yet of {funded_fen} fen paid in only {opened_fen} were opened and {refunded_fen} refunded'
    END AS fault,
    ABS(books.funded_fen - books.opened_fen - books.refunded_fen) AS badness,
    books.funded_fen,
    books.opened_fen,
    books.refunded_fen,
    books.funded_fen - books.opened_fen - books.refunded_fen AS held_fen,
    CAST(NULL AS VARCHAR) AS account
FROM books
LEFT JOIN packets ON packets.packet = books.packet
WHERE
    books.opened_fen + books.refunded_fen > books.funded_fen
    OR (
        packets.state IN ('exhausted', 'refunded', 'void')
        AND books.opened_fen + books.refunded_fen <> books.funded_fen
    )
UNION ALL
SELECT
    CASE WHEN tag THEN 'tagged ' ELSE 'untagged ' END || account_kind AS subject,
    CASE
        WHEN account_kind = 'clearing' THEN 'clearing between ledger stores is off by {held_fen} fen: a transfer is half done'
        ELSE 'all postings together are {held_fen} fen and not 0: money came from nowhere or went there'
    END AS fault,
    ABS(SUM(amount_fen)) AS badness,
    CAST(NULL AS BIGINT) AS funded_fen,
    CAST(NULL AS BIGINT) AS opened_fen,
    CAST(NULL AS BIGINT) AS refunded_fen,
    SUM(amount_fen) AS held_fen,
    CAST(NULL AS VARCHAR) AS account
FROM (
    SELECT tag, 'money' AS account_kind, amount_fen FROM kinds
    UNION ALL
    SELECT tag, account_kind, amount_fen FROM kinds WHERE account_kind = 'clearing'
) AS everything
GROUP BY tag, account_kind
HAVING SUM(amount_fen) <> 0

-- section: unsettled
SELECT COALESCE(packet, 'unknown') AS subject, 'has an opened share without an amount' AS fault
FROM opens
WHERE amount_fen IS NULL
UNION ALL
SELECT COALESCE(packet, 'unknown') AS subject, 'has a refund without an amount' AS fault
FROM refunds
WHERE amount_fen IS NULL
UNION ALL
SELECT COALESCE(entry, 'unknown') AS subject, 'has a line without an amount or a kind of account' AS fault
FROM postings
WHERE amount_fen IS NULL OR account_kind IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM packets

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE);
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, tag)
VALUES ('canary', 'canary', 'canary-1', 1, 30, 70, 'canary-1', FALSE);
INSERT INTO postings (store, number, entry, kind, subject, account, account_kind, amount_fen, tag) VALUES
    ('canary', 1, 'pay:canary', 'pay', 'canary', 'canary-sender', 'user', -100, FALSE),
    ('canary', 2, 'pay:canary', 'pay', 'canary', 'canary-escrow', 'escrow', 100, FALSE),
    ('canary', 3, 'credit:canary-1', 'credit', 'canary-1', 'canary-escrow', 'escrow', -31, FALSE),
    ('canary', 4, 'credit:canary-1', 'credit', 'canary-1', 'canary-person', 'user', 31, FALSE)

-- section: proof
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 3;
SELECT 'opens' AS "table", * FROM opens WHERE packet = $subject ORDER BY sequence, voucher LIMIT 10;
SELECT 'refunds' AS "table", * FROM refunds WHERE packet = $subject ORDER BY voucher LIMIT 3;
SELECT 'postings' AS "table", * FROM postings
WHERE subject = $subject OR account = $account ORDER BY store, number LIMIT 20
