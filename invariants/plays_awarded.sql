-- statement: what a game recorded is credited, once, with the amount that it decided, and in scenes of games nothing else is
-- needs: plays(person, order_number, scene, rain, stage, amount_fen, state), awards(person, scene, rain, amount_fen), coupons(coupon, person), merges(person, holder)
-- uses: families
-- sentence: order {subject} of person {person}: {fault}

-- section: violations
WITH played AS (
    SELECT
        COALESCE(families.holder, plays.person) AS holder,
        plays.scene,
        plays.rain,
        plays.stage,
        MIN(plays.order_number) AS order_number,
        MIN(plays.person) AS person,
        MIN(plays.amount_fen) AS least_fen,
        MAX(plays.amount_fen) AS most_fen,
        MIN(CASE WHEN plays.state = 'refused' THEN 1 ELSE 0 END) AS is_refused
    FROM plays
    LEFT JOIN families ON families.person = plays.person
    GROUP BY COALESCE(families.holder, plays.person), plays.scene, plays.rain, plays.stage
),
credited AS (
    SELECT
        COALESCE(families.holder, awards.person) AS holder,
        awards.scene,
        awards.rain,
        awards.stage,
        MIN(awards.order_number) AS order_number,
        MIN(awards.person) AS person,
        MIN(awards.amount_fen) AS least_fen,
        MAX(awards.amount_fen) AS most_fen
    FROM awards
    LEFT JOIN families ON families.person = awards.person
    WHERE awards.state = 'credited'
    GROUP BY COALESCE(families.holder, awards.person), awards.scene, awards.rain, awards.stage
),
coupons_of AS (
    SELECT COALESCE(families.holder, coupons.person) AS holder, coupons.scene, COUNT(*) AS coupons
    FROM coupons
    LEFT JOIN families ON families.person = coupons.person
    GROUP BY COALESCE(families.holder, coupons.person), coupons.scene
)
SELECT
    played.order_number AS subject,
    CASE
        WHEN credited.holder IS NULL THEN 'a game decided {most_fen} fen, and they were never credited'
        ELSE 'a game decided {most_fen} fen, and {credited_fen} were credited'
    END AS fault,
    ABS(played.most_fen - COALESCE(credited.most_fen, 0)) AS badness,
    played.person,
    played.most_fen,
    credited.most_fen AS credited_fen
FROM played
LEFT JOIN credited
    ON
        credited.holder = played.holder
        AND credited.scene = played.scene
        AND credited.rain = played.rain
        AND credited.stage = played.stage
WHERE
    played.most_fen > 0
    AND (
        (credited.holder IS NULL AND played.is_refused = 0)
        OR credited.most_fen NOT BETWEEN played.least_fen AND played.most_fen
        OR credited.least_fen NOT BETWEEN played.least_fen AND played.most_fen
    )
UNION ALL
SELECT
    credited.order_number AS subject,
    '{credited_fen} fen were credited that no game decided' AS fault,
    credited.most_fen AS badness,
    credited.person,
    CAST(NULL AS BIGINT) AS most_fen,
    credited.most_fen AS credited_fen
FROM credited
INNER JOIN (SELECT DISTINCT scene FROM plays WHERE amount_fen > 0) AS scenes ON scenes.scene = credited.scene
LEFT JOIN played
    ON
        played.holder = credited.holder
        AND played.scene = credited.scene
        AND played.rain = credited.rain
        AND played.stage = credited.stage
WHERE played.holder IS NULL
UNION ALL
SELECT
    played.order_number AS subject,
    'a game decided a coupon, and there is none' AS fault,
    1 AS badness,
    played.person,
    played.most_fen,
    CAST(NULL AS BIGINT) AS credited_fen
FROM played
LEFT JOIN coupons ON coupons.coupon = played.order_number
LEFT JOIN coupons_of ON coupons_of.holder = played.holder AND coupons_of.scene = played.scene AND played.holder <> played.person
WHERE played.most_fen = 0 AND played.is_refused = 0 AND coupons.coupon IS NULL AND coupons_of.holder IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM plays

-- section: canary
INSERT INTO plays (store, person, game, occurrence, order_number, scene, rain, stage, amount_fen, state, tag) VALUES
    ('canary', 'canary-1', 'canary', '1', 'canary-1', 'canary', '1', 'live', 20, 'given', FALSE),
    ('canary', 'canary-2', 'canary', '1', 'canary-2', 'canary', '1', 'live', 20, 'given', FALSE);
INSERT INTO awards (store, order_number, person, scene, rain, award_type, stage, amount_fen, state, tag) VALUES
    ('canary', 'canary-1', 'canary-1', 'canary', '1', 'cash', 'live', 20, 'credited', FALSE)

-- section: proof
SELECT 'plays' AS "table", * FROM plays WHERE order_number = $subject OR person = $person ORDER BY order_number, store LIMIT 10;
SELECT 'awards' AS "table", * FROM awards WHERE order_number = $subject OR person = $person ORDER BY order_number, store LIMIT 10;
SELECT 'coupons' AS "table", * FROM coupons WHERE coupon = $subject ORDER BY store LIMIT 5
