-- statement: of a template no more coupons are given in a stage than its stock and the surplus of 5 % that is prepared
-- needs: coupons(template, stage, stock)
-- sentence: template {subject} in stage {stage}: {issued} coupons were given of a stock of {stock}

-- section: violations
WITH given AS (
    SELECT
        template,
        stage,
        COALESCE(tag, FALSE) AS tag,
        COUNT(*) AS issued,
        MAX(stock) AS stock
    FROM coupons
    WHERE template IS NOT NULL
    GROUP BY template, stage, COALESCE(tag, FALSE)
)
SELECT
    template AS subject,
    issued - stock AS badness,
    stage,
    tag,
    issued,
    stock
FROM given
WHERE issued * 100 > stock * 105

-- section: unsettled
SELECT COALESCE(coupon, 'unknown') AS subject, 'is of a template whose stock nobody says' AS fault
FROM coupons
WHERE template IS NOT NULL AND stock IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM coupons WHERE template IS NOT NULL

-- section: canary
INSERT INTO coupons (store, coupon, person, scene, template, award_type, stage, stock, used, tag) VALUES
    ('canary', 'canary-1', 'canary-1', 'canary', 'canary', 'tea', 'live', 1, 0, FALSE),
    ('canary', 'canary-2', 'canary-2', 'canary', 'canary', 'tea', 'live', 1, 0, FALSE)

-- section: proof
SELECT 'coupons' AS "table", * FROM coupons
WHERE template = $subject AND stage = $stage ORDER BY coupon, store LIMIT 5
