-- statement: each packet stands in exactly one of hot and cold, and so do all its opens and its refund, in the same
-- needs: packets(packet, store), opens(packet, store), refunds(packet, store)
-- sentence: packet {subject} {fault}

-- section: violations
WITH standing AS (
    SELECT packet, store, CASE WHEN store LIKE 'cold%' THEN 1 ELSE 0 END AS cold, paid_us AS moment, 1 AS is_packet
    FROM packets
    WHERE packet IS NOT NULL AND store IS NOT NULL
    UNION ALL
    SELECT packet, store, CASE WHEN store LIKE 'cold%' THEN 1 ELSE 0 END AS cold, opened_us AS moment, 0 AS is_packet
    FROM opens
    WHERE packet IS NOT NULL AND store IS NOT NULL
    UNION ALL
    SELECT packet, store, CASE WHEN store LIKE 'cold%' THEN 1 ELSE 0 END AS cold, refunded_us AS moment, 0 AS is_packet
    FROM refunds
    WHERE packet IS NOT NULL AND store IS NOT NULL
),
places AS (
    SELECT
        packet,
        MIN(moment) AS moment,
        SUM(is_packet * (1 - cold)) AS hot_packets,
        SUM(is_packet * cold) AS cold_packets,
        SUM((1 - is_packet) * (1 - cold)) AS hot_vouchers,
        SUM((1 - is_packet) * cold) AS cold_vouchers,
        MIN(store) AS first_store,
        MAX(store) AS last_store
    FROM standing
    GROUP BY packet
)
SELECT
    packet AS subject,
    CASE
        WHEN hot_packets > 0 AND cold_packets > 0 THEN 'stands in hot and in cold, in {first_store} and in {last_store}'
        WHEN cold_packets > 1 THEN 'went to the cold store {cold_packets} times'
        WHEN cold_packets > 0 THEN 'is cold, and {hot_vouchers} of its vouchers are hot'
        ELSE 'is not cold, and {cold_vouchers} of its vouchers are'
    END AS fault,
    hot_packets + cold_packets + hot_vouchers + cold_vouchers AS badness,
    moment,
    hot_packets,
    cold_packets,
    hot_vouchers,
    cold_vouchers,
    first_store,
    last_store
FROM places
WHERE
    cold_packets > 1
    OR (cold_packets > 0 AND hot_packets + hot_vouchers > 0)
    OR (cold_packets = 0 AND cold_vouchers > 0)

-- section: unsettled
SELECT COALESCE(packet, 'unknown') AS subject, 'is a packet that does not say which or where' AS fault
FROM packets
WHERE packet IS NULL OR store IS NULL
UNION ALL
SELECT COALESCE(packet, 'unknown') AS subject, 'has an open that does not say of which packet or where' AS fault
FROM opens
WHERE packet IS NULL OR store IS NULL
UNION ALL
SELECT COALESCE(packet, 'unknown') AS subject, 'has a refund that does not say of which packet or where' AS fault
FROM refunds
WHERE packet IS NULL OR store IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM packets

-- section: canary
INSERT INTO packets (store, home, packet, sender, kind, total_fen, shares, state, tag) VALUES
    ('canary', 'canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'exhausted', FALSE),
    ('cold-canary', 'cold-canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'exhausted', FALSE)

-- section: proof
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 4;
SELECT 'opens' AS "table", * FROM opens WHERE packet = $subject ORDER BY store, voucher LIMIT 10;
SELECT 'refunds' AS "table", * FROM refunds WHERE packet = $subject ORDER BY store, voucher LIMIT 4
