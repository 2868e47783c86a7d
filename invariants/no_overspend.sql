-- statement: of each packet no more fen are opened than it holds, and no more shares than it has
-- needs: packets(packet, total_fen, shares), opens(packet, amount_fen)
-- sentence: packet {subject} {fault}

-- section: violations
WITH opened AS (
    SELECT packet, COUNT(*) AS opens, SUM(amount_fen) AS opened_fen, MAX(opened_us) AS moment
    FROM opens
    GROUP BY packet
)
SELECT
    opened.packet AS subject,
    CASE
        WHEN packets.packet IS NULL THEN 'does not stand anywhere, yet {opens} shares of it were opened, {opened_fen} fen'
        WHEN opened.opened_fen > packets.total_fen THEN 'holds {total_fen} fen, and {opened_fen} fen of it were opened'
        ELSE 'has {shares} shares, and {opens} of it were opened'
    END AS fault,
    CASE
        WHEN COALESCE(opened.opened_fen, 0) > COALESCE(packets.total_fen, 0)
            THEN COALESCE(opened.opened_fen, 0) - COALESCE(packets.total_fen, 0)
        ELSE opened.opens - COALESCE(packets.shares, 0)
    END AS badness,
    opened.moment,
    packets.total_fen,
    opened.opened_fen,
    packets.shares,
    opened.opens
FROM opened
LEFT JOIN packets ON packets.packet = opened.packet
WHERE packets.packet IS NULL OR opened.opened_fen > packets.total_fen OR opened.opens > packets.shares

-- section: unsettled
SELECT opens.packet AS subject, 'has an opened share without an amount' AS fault
FROM opens
WHERE opens.amount_fen IS NULL
UNION ALL
SELECT packets.packet AS subject, 'does not say what it holds' AS fault
FROM packets
WHERE (packets.total_fen IS NULL OR packets.shares IS NULL) AND COALESCE(packets.state, '') <> 'void'

-- section: examined
SELECT COUNT(DISTINCT packet) AS examined FROM opens

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE);
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, tag) VALUES
    ('canary', 'canary', 'canary-1', 1, 60, 40, 'canary-1', FALSE),
    ('canary', 'canary', 'canary-2', 2, 41, 0, 'canary-2', FALSE)

-- section: proof
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 3;
SELECT 'opens' AS "table", * FROM opens WHERE packet = $subject ORDER BY sequence DESC, voucher LIMIT 10
