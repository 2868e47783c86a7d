-- statement: after the drain nothing of a budget is reserved, and what counts as promised is what was given
-- needs: budgets(scene, stage, outstanding_fen), awards(scene, stage, amount_fen)
-- holds: after drain
-- sentence: scene {subject} in stage {stage}: {fault}

-- section: violations
WITH given AS (
    SELECT scene, stage, COALESCE(tag, FALSE) AS tag, SUM(amount_fen) AS given_fen
    FROM awards
    GROUP BY scene, stage, COALESCE(tag, FALSE)
),
counted AS (
    SELECT
        scene,
        stage,
        COALESCE(tag, FALSE) AS tag,
        SUM(outstanding_fen) AS outstanding_fen,
        SUM(promised_fen) AS promised_fen
    FROM budgets
    GROUP BY scene, stage, COALESCE(tag, FALSE)
)
SELECT
    counted.scene AS subject,
    CASE
        WHEN counted.outstanding_fen <> 0 THEN '{outstanding_fen} fen are reserved for nobody'
        ELSE '{promised_fen} fen count as promised, and {given_fen} fen were given'
    END AS fault,
    ABS(counted.outstanding_fen) + ABS(COALESCE(counted.promised_fen, 0) - COALESCE(given.given_fen, 0)) AS badness,
    counted.stage,
    counted.tag,
    counted.outstanding_fen,
    counted.promised_fen,
    COALESCE(given.given_fen, 0) AS given_fen
FROM counted
LEFT JOIN given ON given.scene = counted.scene AND given.stage = counted.stage AND given.tag = counted.tag
WHERE counted.outstanding_fen <> 0 OR counted.promised_fen <> COALESCE(given.given_fen, 0)

-- section: examined
SELECT COUNT(*) AS examined FROM budgets

-- section: canary
INSERT INTO awards (store, order_number, person, scene, rain, award_type, stage, amount_fen, state, tag) VALUES
    ('canary', 'canary-1', 'canary-1', 'canary', '1', 'cash', 'live', 30, 'credited', FALSE);
INSERT INTO budgets (store, scene, stage, total_fen, cap_fen, outstanding_fen, promised_fen, tag) VALUES
    ('canary', 'canary', 'live', 100, 30, 0, 31, FALSE)

-- section: proof
SELECT 'budgets' AS "table", * FROM budgets WHERE scene = $subject AND stage = $stage ORDER BY store, tag LIMIT 3
