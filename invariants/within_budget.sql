-- statement: what a scene has given and still has reserved is not more than its budget
-- needs: budgets(scene, stage, total_fen, outstanding_fen), awards(scene, stage, amount_fen)
-- sentence: scene {subject} in stage {stage}: {given_fen} fen given and {outstanding_fen} fen reserved of {total_fen} fen

-- section: violations
WITH given AS (
    SELECT scene, stage, COALESCE(tag, FALSE) AS tag, SUM(amount_fen) AS given_fen
    FROM awards
    GROUP BY scene, stage, COALESCE(tag, FALSE)
),
granted AS (
    SELECT
        scene,
        stage,
        COALESCE(tag, FALSE) AS tag,
        SUM(total_fen) AS total_fen,
        SUM(outstanding_fen) AS outstanding_fen
    FROM budgets
    GROUP BY scene, stage, COALESCE(tag, FALSE)
)
SELECT
    given.scene AS subject,
    given.given_fen + COALESCE(granted.outstanding_fen, 0) - COALESCE(granted.total_fen, 0) AS badness,
    given.stage,
    given.tag,
    given.given_fen,
    COALESCE(granted.outstanding_fen, 0) AS outstanding_fen,
    COALESCE(granted.total_fen, 0) AS total_fen
FROM given
LEFT JOIN granted ON granted.scene = given.scene AND granted.stage = given.stage AND granted.tag = given.tag
WHERE given.given_fen + COALESCE(granted.outstanding_fen, 0) > COALESCE(granted.total_fen, 0)
UNION ALL
SELECT
    granted.scene AS subject,
    granted.outstanding_fen - granted.total_fen AS badness,
    granted.stage,
    granted.tag,
    0 AS given_fen,
    granted.outstanding_fen,
    granted.total_fen
FROM granted
LEFT JOIN given ON given.scene = granted.scene AND given.stage = granted.stage AND given.tag = granted.tag
WHERE given.scene IS NULL AND granted.outstanding_fen > granted.total_fen

-- section: examined
SELECT COUNT(*) AS examined FROM awards

-- section: canary
INSERT INTO budgets (store, scene, stage, total_fen, cap_fen, outstanding_fen, tag) VALUES
    ('canary', 'canary', 'live', 100, 100, 20, FALSE);
INSERT INTO awards (store, order_number, person, scene, rain, award_type, stage, amount_fen, state, tag) VALUES
    ('canary', 'canary-1', 'canary-1', 'canary', '1', 'cash', 'live', 41, 'credited', FALSE),
    ('canary', 'canary-2', 'canary-2', 'canary', '1', 'cash', 'live', 40, 'credited', FALSE)

-- section: proof
SELECT 'budgets' AS "table", * FROM budgets WHERE scene = $subject AND stage = $stage ORDER BY store, tag LIMIT 5;
SELECT 'awards' AS "table", * FROM awards
WHERE scene = $subject AND stage = $stage ORDER BY amount_fen DESC, order_number LIMIT 5
