-- statement: after the drain nothing of a budget is reserved
-- needs: budgets(scene, stage, outstanding_fen)
-- sentence: scene {subject} in stage {stage} has {outstanding_fen} fen reserved that nobody was given

-- section: violations
SELECT scene AS subject, ABS(outstanding_fen) AS badness, stage, outstanding_fen
FROM budgets
WHERE outstanding_fen <> 0

-- section: examined
SELECT COUNT(*) AS examined FROM budgets

-- section: canary
INSERT INTO budgets (store, scene, stage, total_fen, cap_fen, outstanding_fen, tag) VALUES
    ('canary', 'canary', 'live', 100, 30, 1, FALSE)

-- section: proof
SELECT 'budgets' AS "table", * FROM budgets WHERE scene = $subject AND stage = $stage ORDER BY store LIMIT 3
