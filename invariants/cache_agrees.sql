-- statement: what the cache says of a packet (its state, what is left of it, each open) is what the orders say
-- needs: packets(packet, total_fen, shares, state), opens(packet, person, amount_fen), cache_view(view, packet)
-- holds: after drain
-- uses: cache_sheet, doubled_opens, takings
-- sentence: the cache {fault} of packet {subject}

-- section: violations
WITH bodies AS (
    SELECT store, packet, state, remaining_fen, remaining_shares
    FROM cache_view
    WHERE view = 'cache' AND person IS NULL
),
-- Only where what is due is shown, nobody opened twice and there is one row for the state, the opens are beyond doubt.
suspects AS (
    SELECT packet
    FROM cache_sheet
    GROUP BY packet, store, person, amount_fen, sequence
    HAVING COUNT(due) <> COUNT(shown)
    UNION
    SELECT packet FROM doubled_opens
    UNION
    SELECT packet
    FROM bodies
    GROUP BY packet, store
    HAVING COUNT(*) > 1
),
cached AS (
    SELECT
        cache_view.store,
        cache_view.packet,
        cache_view.person,
        cache_view.amount_fen,
        cache_view.sequence
    FROM cache_view
    INNER JOIN suspects ON suspects.packet IS NOT DISTINCT FROM cache_view.packet
    WHERE cache_view."view" = 'cache'
),
-- of what was closed early nothing is left
orders AS (
    SELECT
        packets.packet,
        MIN(packets.state) AS state,
        MIN(
            CASE
                WHEN packets.state IN ('refunded', 'void') THEN 0
                WHEN takings.packet IS NULL THEN packets.total_fen
                ELSE packets.total_fen - takings.taken_fen
            END
        ) AS remaining_fen,
        MIN(
            CASE WHEN packets.state IN ('refunded', 'void') THEN 0 ELSE packets.shares - COALESCE(takings.opens, 0) END
        ) AS remaining_shares
    FROM packets
    LEFT JOIN takings ON takings.packet = packets.packet
    GROUP BY packets.packet
),
shown AS (
    SELECT store, packet, COUNT(CASE WHEN person IS NULL THEN 1 END) AS bodies, MIN(person) AS person
    FROM cached
    GROUP BY store, packet
),
faults AS (
    SELECT
        bodies.packet,
        CAST(NULL AS VARCHAR) AS person,
        'says it is ' || COALESCE(bodies.state, 'nothing') || ' with ' || COALESCE(CAST(bodies.remaining_shares AS VARCHAR), 'no')
        || ' shares and ' || COALESCE(CAST(bodies.remaining_fen AS VARCHAR), 'no') || ' fen left, the orders '
        || COALESCE(orders.state, 'nothing') || ', ' || COALESCE(CAST(orders.remaining_shares AS VARCHAR), 'none')
        || ' and ' || COALESCE(CAST(orders.remaining_fen AS VARCHAR), 'none') AS fault,
        ABS(COALESCE(bodies.remaining_fen, 0) - COALESCE(orders.remaining_fen, 0)) AS badness
    FROM bodies
    LEFT JOIN orders ON orders.packet = bodies.packet
    WHERE
        orders.packet IS NULL
        OR bodies.state <> orders.state
        OR bodies.remaining_fen <> orders.remaining_fen
        OR bodies.remaining_shares <> orders.remaining_shares
    UNION ALL
    SELECT
        cached.packet,
        cached.person,
        'says person ' || cached.person || ' took ' || COALESCE(CAST(cached.amount_fen AS VARCHAR), 'no') || ' fen as number '
        || COALESCE(CAST(cached.sequence AS VARCHAR), 'none') || ', the orders do not' AS fault,
        COALESCE(cached.amount_fen, 0) AS badness
    FROM cached
    WHERE
        cached.person IS NOT NULL
        AND NOT EXISTS (
            SELECT 1
            FROM opens
            WHERE
                opens.packet = cached.packet
                AND opens.person = cached.person
                AND COALESCE(opens.amount_fen, cached.amount_fen, 0) = COALESCE(cached.amount_fen, opens.amount_fen, 0)
                AND COALESCE(opens.sequence, cached.sequence, 0) = COALESCE(cached.sequence, opens.sequence, 0)
        )
    UNION ALL
    SELECT
        shown.packet,
        opens.person,
        'lacks the ' || CAST(opens.amount_fen AS VARCHAR) || ' fen that person ' || opens.person || ' took' AS fault,
        opens.amount_fen AS badness
    FROM shown
    INNER JOIN opens ON opens.packet = shown.packet
    LEFT JOIN cached
        ON cached.packet = shown.packet AND cached.person = opens.person AND cached.store IS NOT DISTINCT FROM shown.store
    WHERE cached.packet IS NULL
    UNION ALL
    SELECT
        packet,
        person,
        'has ' || CAST(bodies AS VARCHAR) || ' rows for the state' AS fault,
        ABS(bodies - 1) AS badness
    FROM shown
    WHERE bodies <> 1
    UNION ALL
    SELECT
        packet,
        person,
        'says ' || CAST(COUNT(*) AS VARCHAR) || ' times what person ' || person || ' took' AS fault,
        COUNT(*) - 1 AS badness
    FROM cached
    WHERE person IS NOT NULL
    GROUP BY store, packet, person
    HAVING COUNT(*) > 1
)
SELECT packet AS subject, badness, person, fault
FROM faults

-- section: unsettled
SELECT packet AS subject, 'does not say how the cache sees it: whether open, or how much is left' AS fault
FROM cache_view
WHERE
    view = 'cache'
    AND person IS NULL
    AND (state IS NULL OR (remaining_fen IS NULL AND remaining_shares IS NULL))
UNION ALL
SELECT COALESCE(packet, 'unknown') AS subject, 'does not say its total, its shares or its state' AS fault
FROM packets
WHERE packet IS NULL OR total_fen IS NULL OR shares IS NULL OR state IS NULL
UNION ALL
SELECT COALESCE(packet, 'unknown') AS subject, 'has an opened share that does not say whose, of which packet or how much' AS fault
FROM opens
WHERE packet IS NULL OR person IS NULL OR amount_fen IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM cache_view WHERE view = 'cache'

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE);
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, tag)
VALUES ('canary', 'canary', 'canary-1', 1, 30, 70, 'canary-1', FALSE);
INSERT INTO cache_view (store, view, packet, person, state, amount_fen, sequence, remaining_fen, remaining_shares, tag) VALUES
    ('canary', 'cache', 'canary', NULL, 'paid', NULL, NULL, 100, 3, FALSE),
    ('canary', 'cache', 'canary', 'canary-1', NULL, 30, 1, NULL, NULL, FALSE)

-- section: proof
SELECT 'cache_view' AS "table", * FROM cache_view
WHERE view = 'cache' AND packet = $subject ORDER BY person NULLS FIRST, store, sequence LIMIT 10;
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 3;
SELECT 'opens' AS "table", * FROM opens WHERE packet = $subject ORDER BY sequence, voucher LIMIT 10
