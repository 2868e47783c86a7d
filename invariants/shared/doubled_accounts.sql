-- The accounts that stand more than once.
SELECT
    store,
    COALESCE(tag, FALSE) AS tag,
    account
FROM accounts
GROUP BY store, COALESCE(tag, FALSE), account
HAVING COUNT(*) > 1
