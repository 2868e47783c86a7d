-- statement: every packet, open and refund stands in the store of the region and shard that its id names
-- needs: packets(packet, store, home), opens(packet, store, home), refunds(packet, store, home)
-- sentence: {place} of packet {subject} stands in {store} and belongs in {home}

-- section: violations
SELECT
    COALESCE(packet, 'without an id') AS subject,
    1 AS badness,
    moment,
    place,
    store,
    home
FROM (
    SELECT packet, store, home, 'the row' AS place, paid_us AS moment FROM packets
    UNION ALL
    SELECT packet, store, home, 'an open' AS place, opened_us AS moment FROM opens
    UNION ALL
    SELECT packet, store, home, 'the refund' AS place, refunded_us AS moment FROM refunds
) AS found
WHERE store <> home

-- section: unsettled
SELECT COALESCE(packet, 'unknown') AS subject, 'is a packet of which nobody knows where it stands or belongs' AS fault
FROM packets
WHERE store IS NULL OR home IS NULL
UNION ALL
SELECT COALESCE(packet, 'unknown') AS subject, 'has an open of which nobody knows where it stands or belongs' AS fault
FROM opens
WHERE store IS NULL OR home IS NULL
UNION ALL
SELECT COALESCE(packet, 'unknown') AS subject, 'has a refund of which nobody knows where it stands or belongs' AS fault
FROM refunds
WHERE store IS NULL OR home IS NULL

-- section: examined
SELECT SUM(items) AS examined
FROM (
    SELECT COUNT(*) AS items FROM packets
    UNION ALL
    SELECT COUNT(*) AS items FROM opens
    UNION ALL
    SELECT COUNT(*) AS items FROM refunds
) AS counted

-- section: canary
INSERT INTO packets (store, home, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary-north', 'canary-south', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE)

-- section: proof
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 3;
SELECT 'opens' AS "table", * FROM opens WHERE packet = $subject ORDER BY store, voucher LIMIT 10;
SELECT 'refunds' AS "table", * FROM refunds WHERE packet = $subject ORDER BY store, voucher LIMIT 3
