-- statement: no id of a packet or a voucher is given twice
-- needs: history, packets(packet), opens(voucher), refunds(voucher)
-- uses: attempts, doubled_vouchers
-- sentence: id {subject} {fault}

-- section: violations
WITH vouchers AS (
    SELECT voucher, store, opened_us AS moment FROM opens
    UNION ALL
    SELECT voucher, store, refunded_us AS moment FROM refunds
)
SELECT
    packet AS subject,
    'stands for {times} packets, from {first_store} to {last_store}' AS fault,
    COUNT(*) - 1 AS badness,
    MIN(paid_us) AS moment,
    COUNT(*) AS times,
    MIN(store) AS first_store,
    MAX(store) AS last_store
FROM packets
WHERE packet IS NOT NULL
GROUP BY packet
HAVING COUNT(*) > 1
UNION ALL
SELECT
    vouchers.voucher AS subject,
    'stands for {times} vouchers, from {first_store} to {last_store}' AS fault,
    COUNT(*) - 1 AS badness,
    MIN(vouchers.moment) AS moment,
    COUNT(*) AS times,
    MIN(vouchers.store) AS first_store,
    MAX(vouchers.store) AS last_store
FROM vouchers
INNER JOIN doubled_vouchers ON doubled_vouchers.voucher = vouchers.voucher
GROUP BY vouchers.voucher
UNION ALL
SELECT
    subject,
    'was given to {times} sends, to person {first_store} and person {last_store}' AS fault,
    COUNT(DISTINCT "key") AS badness,
    MIN(done_ns) AS moment,
    COUNT(DISTINCT "key") AS times,
    MIN(person) AS first_store,
    MAX(person) AS last_store
FROM attempts
WHERE operation = 'send' AND outcome = 'ok' AND subject IS NOT NULL
GROUP BY subject
HAVING COUNT(DISTINCT "key") > 1 OR COUNT(DISTINCT person) > 1

-- section: unsettled
SELECT 'a packet' AS subject, 'has no id' AS fault
FROM packets
WHERE packet IS NULL
UNION ALL
SELECT packet AS subject, 'has a voucher without an id' AS fault
FROM opens
WHERE voucher IS NULL
UNION ALL
SELECT packet AS subject, 'has a refund without an id' AS fault
FROM refunds
WHERE voucher IS NULL
UNION ALL
SELECT person AS subject, 'sent a packet and was not told its id' AS fault
FROM attempts
WHERE operation = 'send' AND outcome = 'ok' AND subject IS NULL

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
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag) VALUES
    ('canary-south', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE),
    ('canary-north', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE)

-- section: proof
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 5;
SELECT 'opens' AS "table", * FROM opens WHERE voucher = $subject ORDER BY store, packet LIMIT 5;
SELECT 'refunds' AS "table", * FROM refunds WHERE voucher = $subject ORDER BY store, packet LIMIT 5;
SELECT 'history' AS "table", * FROM history
WHERE operation = 'send' AND subject = $subject ORDER BY sent_ns, worker, number LIMIT 5
