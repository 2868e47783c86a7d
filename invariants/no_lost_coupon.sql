-- statement: whatever a client was told of under a coupon's order number stands under it, once, and is theirs, under
--   whichever of their ids
-- needs: history, coupons(coupon, person), merges(person, holder)
-- uses: families
-- sentence: coupon {subject} of person {person}: {fault}

-- section: violations
WITH told AS (
    SELECT subject AS coupon, person, MIN(done_ns) AS moment
    FROM history
    WHERE operation = 'coupon' AND outcome = 'ok' AND subject IS NOT NULL
    GROUP BY subject, person
),
standing AS (
    SELECT coupon, COUNT(*) AS coupons, MIN(person) AS holder
    FROM coupons
    GROUP BY coupon
)
SELECT
    told.coupon AS subject,
    CASE
        WHEN standing.coupon IS NULL THEN 'it was told of, and does not stand'
        ELSE 'it stands as person {holder}''s'
    END AS fault,
    1 AS badness,
    told.moment,
    told.person,
    standing.holder,
    standing.coupons
FROM told
LEFT JOIN standing ON standing.coupon = told.coupon
LEFT JOIN families ON families.person = told.person
LEFT JOIN families AS holders ON holders.person = standing.holder
WHERE
    standing.coupon IS NULL
    OR (standing.holder <> told.person AND COALESCE(families.holder <> holders.holder, TRUE))
UNION ALL
SELECT
    coupon AS subject,
    'it stands {coupons} times' AS fault,
    coupons AS badness,
    CAST(NULL AS BIGINT) AS moment,
    holder AS person,
    holder,
    coupons
FROM standing
WHERE coupons > 1

-- section: unsettled
SELECT COALESCE(person, 'unknown') AS subject, 'was given a coupon without a number' AS fault
FROM history
WHERE operation = 'coupon' AND outcome = 'ok' AND subject IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM history WHERE operation = 'coupon' AND outcome = 'ok'

-- section: canary
INSERT INTO history (worker, number, person, operation, subject, sent_ns, done_ns, outcome, tag, clock_error_ns) VALUES
    ('canary', 1, 'canary', 'coupon', 'canary-1', 1, 2, 'ok', FALSE, 0);
INSERT INTO coupons (store, coupon, person, scene, template, award_type, stage, stock, used, tag) VALUES
    ('canary', 'canary-2', 'canary', 'canary', 'canary', 'tea', 'live', 9, 0, FALSE)

-- section: proof
SELECT 'history' AS "table", * FROM history
WHERE operation = 'coupon' AND subject = $subject ORDER BY sent_ns, worker, number LIMIT 5;
SELECT 'coupons' AS "table", * FROM coupons WHERE coupon = $subject ORDER BY store LIMIT 5
