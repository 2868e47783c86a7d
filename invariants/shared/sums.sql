-- The lines of each account summed up; `own`: its lines as a user's or an escrow account, which may not be below 0.
SELECT
    store,
    tag,
    account,
    SUM(amount_fen) AS lines_fen,
    SUM(own_fen) AS own_fen,
    COUNT(CASE WHEN own_fen > 0 THEN 1 END) AS own_gains,
    MIN(CASE WHEN own_fen > 0 THEN number END) AS first_gain,
    MIN(CASE WHEN own_fen < 0 THEN number END) AS first_loss
FROM (
    SELECT
        store,
        COALESCE(tag, FALSE) AS tag,
        account,
        number,
        COALESCE(amount_fen, 0) AS amount_fen,
        CASE WHEN account_kind IS NULL OR account_kind IN ('user', 'escrow') THEN amount_fen END AS own_fen
    FROM postings
) AS lines
GROUP BY store, tag, account
