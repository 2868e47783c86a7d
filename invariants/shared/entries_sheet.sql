-- The lines of each entry, which have to come to nothing; a line without an amount never does.
SELECT
    entry,
    store,
    COALESCE(tag, FALSE) AS tag,
    amount_fen IS NULL AS unsaid,
    COALESCE(amount_fen, 1) AS due,
    0 AS shown
FROM postings
