-- statement: a packet is refunded only after it expired by the database's clock, once, with exactly what nobody opened, to its
--   sender; nothing is opened afterwards
-- needs: packets(packet, total_fen, expires_us), opens(packet, amount_fen, opened_us), refunds(packet, amount_fen, refunded_us)
-- sentence: packet {subject} {fault}

-- section: violations
WITH opened AS (
    SELECT packet, SUM(amount_fen) AS opened_fen, MAX(opened_us) AS last_open_us
    FROM opens
    GROUP BY packet
),
returned AS (
    SELECT
        packet,
        COUNT(*) AS refunds,
        SUM(amount_fen) AS refunded_fen,
        MIN(refunded_us) AS refunded_us,
        MIN(person) AS refunded_to,
        SUM(CASE WHEN amount_fen < 0 THEN 1 ELSE 0 END) AS negative
    FROM refunds
    GROUP BY packet
),
books AS (
    SELECT
        COALESCE(packets.packet, returned.packet) AS packet,
        packets.packet IS NOT NULL AS stands,
        packets.sender,
        packets.state,
        packets.total_fen,
        packets.expires_us,
        COALESCE(returned.refunds, 0) AS refunds,
        COALESCE(returned.refunded_fen, 0) AS refunded_fen,
        returned.refunded_us,
        returned.refunded_to,
        returned.negative
    FROM packets
    FULL OUTER JOIN returned ON returned.packet = packets.packet
),
judged AS (
    SELECT
        books.packet,
        books.sender,
        books.total_fen,
        books.refunds,
        books.refunded_fen,
        books.refunded_us,
        books.refunded_to,
        books.expires_us,
        COALESCE(opened.opened_fen, 0) AS opened_fen,
        opened.last_open_us,
        CASE
            WHEN books.refunds = 0 AND books.state = 'refunded' AND books.total_fen > COALESCE(opened.opened_fen, 0)
                THEN 'says it is refunded, and nothing was, with {opened_fen} of {total_fen} fen opened'
            WHEN books.refunds = 0 THEN NULL
            WHEN NOT books.stands THEN 'does not stand anywhere, and {refunded_fen} fen of it were refunded'
            WHEN books.refunds > 1 THEN 'was refunded {refunds} times, {refunded_fen} fen'
            WHEN books.refunded_fen <> books.total_fen - COALESCE(opened.opened_fen, 0) OR books.negative > 0
                THEN 'was refunded {refunded_fen} fen, with {opened_fen} of {total_fen} fen opened'
            WHEN books.refunded_us < books.expires_us THEN 'was refunded at {refunded_us} us and expires at {expires_us} us'
            WHEN opened.last_open_us > books.refunded_us
                THEN 'was refunded at {refunded_us} us and opened at {last_open_us} us'
            WHEN books.refunded_to <> books.sender THEN 'was sent by person {sender} and refunded to person {refunded_to}'
        END AS fault
    FROM books
    LEFT JOIN opened ON opened.packet = books.packet
)
SELECT
    packet AS subject,
    fault,
    ABS(refunded_fen + opened_fen - COALESCE(total_fen, 0)) AS badness,
    refunded_us AS moment,
    sender,
    total_fen,
    opened_fen,
    refunds,
    refunded_fen,
    refunded_us,
    refunded_to,
    expires_us,
    last_open_us
FROM judged
WHERE fault IS NOT NULL

-- section: unsettled
SELECT COALESCE(refunds.packet, 'unknown') AS subject, 'has a refund, and a time, an amount or a person is missing' AS fault
FROM refunds
LEFT JOIN packets ON packets.packet = refunds.packet
WHERE
    refunds.packet IS NULL
    OR refunds.amount_fen IS NULL
    OR refunds.refunded_us IS NULL
    OR packets.expires_us IS NULL
    OR packets.total_fen IS NULL
    OR refunds.person IS NULL
    OR packets.sender IS NULL
UNION ALL
SELECT opens.packet AS subject, 'was refunded and has an opened share without time or amount' AS fault
FROM opens
INNER JOIN refunds ON refunds.packet = opens.packet
WHERE opens.opened_us IS NULL OR opens.amount_fen IS NULL
UNION ALL
SELECT packet AS subject, 'does not say its state' AS fault
FROM packets
WHERE state IS NULL

-- section: examined
SELECT SUM(items) AS examined
FROM (
    SELECT COUNT(*) AS items FROM refunds
    UNION ALL
    SELECT COUNT(*) AS items FROM packets WHERE state = 'refunded'
) AS counted

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, paid_us, expires_us, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'refunded', 1000, 2000, FALSE);
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, opened_us, voucher, tag)
VALUES ('canary', 'canary', 'canary-1', 1, 30, 70, 1500, 'canary-1', FALSE);
INSERT INTO refunds (store, packet, person, amount_fen, refunded_us, voucher, tag)
VALUES ('canary', 'canary', 'canary-sender', 70, 1999, 'canary-0', FALSE)

-- section: proof
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 3;
SELECT 'refunds' AS "table", * FROM refunds WHERE packet = $subject ORDER BY refunded_us, voucher LIMIT 5;
SELECT 'opens' AS "table", * FROM opens WHERE packet = $subject ORDER BY opened_us DESC, voucher LIMIT 10
