-- statement: a coupon is used at most once, under one client key, and stands as used where a client was told so
-- needs: history, coupons(coupon, used)
-- sentence: coupon {subject}: {fault}

-- section: violations
WITH told AS (
    SELECT subject AS coupon, COUNT(DISTINCT "key") AS uses, MIN(done_ns) AS moment
    FROM history
    WHERE operation = 'use' AND outcome = 'ok' AND subject IS NOT NULL
    GROUP BY subject
),
standing AS (
    SELECT coupon, SUM(used) AS used
    FROM coupons
    GROUP BY coupon
)
SELECT
    told.coupon AS subject,
    CASE
        WHEN told.uses > 1 THEN '{uses} keys were told that they used it'
        ELSE 'a client was told that it is used, and it stands unused'
    END AS fault,
    told.uses AS badness,
    told.moment,
    told.uses,
    standing.used
FROM told
LEFT JOIN standing ON standing.coupon = told.coupon
WHERE told.uses > 1 OR COALESCE(standing.used, 0) = 0
UNION ALL
SELECT
    coupon AS subject,
    'it stands as used {used} times' AS fault,
    used AS badness,
    CAST(NULL AS BIGINT) AS moment,
    CAST(NULL AS BIGINT) AS uses,
    used
FROM standing
WHERE used > 1

-- section: unsettled
SELECT COALESCE(subject, 'unknown') AS subject, 'was used by a client without a key or a number' AS fault
FROM history
WHERE operation = 'use' AND outcome = 'ok' AND (subject IS NULL OR "key" IS NULL)

-- section: examined
SELECT COUNT(*) AS examined FROM coupons WHERE used > 0

-- section: canary
INSERT INTO coupons (store, coupon, person, scene, template, award_type, stage, stock, used, tag) VALUES
    ('canary', 'canary-1', 'canary', 'canary', 'canary', 'tea', 'live', 9, 2, FALSE)

-- section: proof
SELECT 'history' AS "table", * FROM history
WHERE operation = 'use' AND subject = $subject ORDER BY sent_ns, worker, number LIMIT 5;
SELECT 'coupons' AS "table", * FROM coupons WHERE coupon = $subject ORDER BY store LIMIT 5
