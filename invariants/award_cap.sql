-- statement: no award is larger than its scene's cap
-- needs: budgets(scene, stage, cap_fen), awards(scene, stage, amount_fen)
-- sentence: order {subject} gave {amount_fen} fen, and the cap of scene {scene} is {cap_fen} fen

-- section: violations
WITH caps AS (
    SELECT scene, stage, COALESCE(tag, FALSE) AS tag, MIN(cap_fen) AS cap_fen
    FROM budgets
    WHERE cap_fen IS NOT NULL
    GROUP BY scene, stage, COALESCE(tag, FALSE)
)
SELECT
    awards.order_number AS subject,
    awards.amount_fen - caps.cap_fen AS badness,
    awards.scene,
    awards.amount_fen,
    caps.cap_fen
FROM awards
INNER JOIN caps
    ON caps.scene = awards.scene AND caps.stage = awards.stage AND caps.tag = COALESCE(awards.tag, FALSE)
WHERE awards.amount_fen > caps.cap_fen

-- section: unsettled
SELECT awards.order_number AS subject, 'is of a scene whose cap nobody says' AS fault
FROM awards
LEFT JOIN budgets
    ON
        budgets.scene = awards.scene
        AND budgets.stage = awards.stage
        AND COALESCE(budgets.tag, FALSE) = COALESCE(awards.tag, FALSE)
        AND budgets.cap_fen IS NOT NULL
WHERE budgets.scene IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM awards

-- section: canary
INSERT INTO budgets (store, scene, stage, total_fen, cap_fen, outstanding_fen, tag) VALUES
    ('canary', 'canary', 'live', 100, 30, 0, FALSE);
INSERT INTO awards (store, order_number, person, scene, rain, award_type, stage, amount_fen, state, tag) VALUES
    ('canary', 'canary-1', 'canary-1', 'canary', '1', 'cash', 'live', 31, 'credited', FALSE)

-- section: proof
SELECT 'awards' AS "table", * FROM awards WHERE order_number = $subject ORDER BY store LIMIT 3;
SELECT 'budgets' AS "table", * FROM budgets WHERE scene = $scene ORDER BY store, stage LIMIT 3
