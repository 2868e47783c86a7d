-- statement: what is given in a stage of the campaign was asked for in that stage and in no other, and nobody is given
--   the same award of an occurrence in two stages
-- needs: history(stage), awards(order_number, scene, rain, stage), coupons
-- sentence: order {subject}: {fault}

-- section: violations
WITH given AS (
    SELECT order_number, stage, amount_fen FROM awards
    UNION ALL
    SELECT coupon AS order_number, stage, 0 AS amount_fen FROM coupons
),
asked AS (
    SELECT
        subject AS order_number,
        MIN(stage) AS one_stage,
        MAX(stage) AS other_stage,
        MIN(sent_ns) AS moment
    FROM history
    WHERE operation IN ('award', 'coupon') AND outcome <> 'fail' AND subject IS NOT NULL AND stage IS NOT NULL
    GROUP BY subject
)
SELECT
    given.order_number AS subject,
    'it stands in stage {stage}, and was asked for in {other_stage}' AS fault,
    given.amount_fen AS badness,
    asked.moment,
    given.stage,
    CASE WHEN asked.one_stage = given.stage THEN asked.other_stage ELSE asked.one_stage END AS other_stage
FROM given
INNER JOIN asked ON asked.order_number = given.order_number
WHERE asked.one_stage <> given.stage OR asked.other_stage <> given.stage
UNION ALL
SELECT
    MIN(order_number) AS subject,
    'who has it was given the same in stage {stage} and in {other_stage}' AS fault,
    SUM(amount_fen) AS badness,
    CAST(NULL AS BIGINT) AS moment,
    MIN(stage) AS stage,
    MAX(stage) AS other_stage
FROM awards
WHERE owner IS NOT NULL
GROUP BY owner, scene, rain, award_type, COALESCE(tag, FALSE)
HAVING MIN(stage) <> MAX(stage)

-- section: examined
SELECT COUNT(DISTINCT awards.order_number) AS examined
FROM awards
INNER JOIN history ON history.subject = awards.order_number
WHERE history.operation = 'award' AND history.outcome <> 'fail' AND history.stage IS NOT NULL

-- section: canary
INSERT INTO history (worker, number, person, operation, subject, amount_fen, sent_ns, done_ns, outcome, stage, tag) VALUES
    ('canary', 1, 'canary', 'award', 'canary-1', 1, 1, 2, 'ok', 'gray', FALSE);
INSERT INTO awards (store, order_number, person, scene, rain, award_type, stage, amount_fen, state, tag) VALUES
    ('canary', 'canary-1', 'canary', 'canary', '1', 'cash', 'live', 1, 'credited', FALSE)

-- section: proof
SELECT 'history' AS "table", * FROM history
WHERE subject = $subject AND operation IN ('award', 'coupon') ORDER BY sent_ns, worker, number LIMIT 5;
SELECT 'awards' AS "table", others.* FROM awards
INNER JOIN awards AS others
    ON others.order_number = awards.order_number
    OR (others.owner = awards.owner AND others.scene = awards.scene AND others.rain = awards.rain)
WHERE awards.order_number = $subject ORDER BY others.order_number, others.store LIMIT 5
