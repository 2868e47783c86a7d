-- The lines of each account summed up; `own`: its lines as a user's or an escrow account, which may not be below 0.
SELECT
    store,
    tag,
    account,
    SUM(amount_fen) AS lines_fen,
    SUM(CASE WHEN own = 1 THEN amount_fen ELSE 0 END) AS own_fen,
    SUM(CASE WHEN own = 1 AND amount_fen > 0 THEN 1 ELSE 0 END) AS own_gains,
    MIN(CASE WHEN own = 1 AND amount_fen > 0 THEN number END) AS first_gain,
    MIN(CASE WHEN own = 1 AND amount_fen < 0 THEN number END) AS first_loss,
    SUM(CASE WHEN escrow = 1 THEN amount_fen END) AS held_fen,
    SUM(CASE WHEN escrow = 1 AND kind IN ('pay', 'return') THEN amount_fen ELSE 0 END) AS funded_fen
FROM (
    SELECT
        store,
        COALESCE(tag, FALSE) AS tag,
        account,
        number,
        kind,
        COALESCE(amount_fen, 0) AS amount_fen,
        CASE WHEN account_kind IS NULL OR account_kind IN ('user', 'escrow') THEN 1 END AS own,
        CASE WHEN account_kind = 'escrow' THEN 1 END AS escrow
    FROM postings
) AS lines
GROUP BY store, tag, account
