-- The packets whose shares do not plainly follow on each other: 1, 2, 3 …, each from what the one before it left.
SELECT packet
FROM (
    SELECT packet
    FROM links_sheet
    GROUP BY packet, sequence, left_fen
    HAVING COUNT(due) <> COUNT(shown)
    UNION ALL
    SELECT packet
    FROM opens
    WHERE packet IS NULL OR sequence IS NULL OR amount_fen IS NULL OR remaining_fen IS NULL
) AS doubts
GROUP BY packet
