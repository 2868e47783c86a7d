-- The vouchers of opens and refunds, against the credits in the ledger.
WITH standing AS (
    SELECT
        accounts.store,
        accounts.account,
        COALESCE(accounts.tag, FALSE) AS tag,
        accounts.kind,
        accounts.person,
        doubled_accounts.account IS NOT NULL AS doubled
    FROM accounts
    LEFT JOIN doubled_accounts
        ON
            doubled_accounts.store = accounts.store
            AND doubled_accounts.account = accounts.account
            AND doubled_accounts.tag = COALESCE(accounts.tag, FALSE)
),
-- whose an account is: of one that stands more than once, the least of those that are said
holders AS (
    SELECT store, account, tag, kind, person
    FROM standing
    WHERE NOT doubled
    UNION ALL
    SELECT store, account, tag, MIN(kind) AS kind, MIN(person) AS person
    FROM standing
    WHERE doubled
    GROUP BY store, account, tag
)
SELECT voucher, person, amount_fen, 1 AS due, NULL AS shown, opened_us AS moment
FROM opens
UNION ALL
SELECT voucher, person, amount_fen, 1 AS due, NULL AS shown, refunded_us AS moment
FROM refunds
UNION ALL
SELECT
    postings.subject AS voucher,
    holders.person,
    postings.amount_fen,
    NULL AS due,
    1 AS shown,
    postings.posted_us AS moment
FROM postings
LEFT JOIN holders
    ON
        holders.store = postings.store
        AND holders.account = postings.account
        AND holders.tag = COALESCE(postings.tag, FALSE)
WHERE
    (postings.kind IN ('credit', 'refund') OR postings.kind IS NULL)
    AND (postings.account_kind = 'user' OR postings.account_kind IS NULL)
    AND COALESCE(postings.account_kind, holders.kind, 'user') = 'user'
