-- statement: no user and no escrow account is below 0 after any entry
-- needs: postings(account, account_kind, number, amount_fen)
-- sentence: {account_kind} account {subject} in {store} stood at {balance_fen} fen after entry {entry}

-- section: violations
WITH numberless AS (
    SELECT store, COALESCE(tag, FALSE) AS tag, account
    FROM postings
    WHERE number IS NULL
    GROUP BY store, COALESCE(tag, FALSE), account
),
running AS (
    SELECT
        store,
        COALESCE(tag, FALSE) AS tag,
        account,
        account_kind,
        number,
        entry,
        posted_us,
        SUM(COALESCE(amount_fen, 0)) OVER (
            PARTITION BY store, COALESCE(tag, FALSE), account ORDER BY number NULLS LAST, entry NULLS LAST
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS balance_fen,
        LEAD(COALESCE(entry, '')) OVER (
            PARTITION BY store, COALESCE(tag, FALSE), account ORDER BY number NULLS LAST, entry NULLS LAST
        ) AS next_entry
    FROM postings
    WHERE COALESCE(account_kind, 'user') IN ('user', 'escrow')
)
SELECT
    running.account AS subject,
    -running.balance_fen AS badness,
    running.posted_us AS moment,
    running.account_kind,
    running.store,
    running.balance_fen,
    running.entry,
    running.number
FROM running
LEFT JOIN numberless
    ON
        numberless.store = running.store
        AND numberless.tag = running.tag
        AND numberless.account = running.account
-- several lines of one entry are one step
WHERE
    running.balance_fen < 0
    AND numberless.account IS NULL
    AND running.next_entry IS DISTINCT FROM COALESCE(running.entry, '')

-- section: unsettled
SELECT COALESCE(account, 'unknown') AS subject, 'has a line without a number, an amount or a kind of account' AS fault
FROM postings
WHERE
    (number IS NULL OR amount_fen IS NULL OR account_kind IS NULL)
    AND COALESCE(account_kind, 'user') IN ('user', 'escrow')

-- section: examined
SELECT COUNT(*) AS examined FROM postings WHERE COALESCE(account_kind, 'user') IN ('user', 'escrow')

-- section: canary
INSERT INTO postings (store, number, entry, kind, subject, account, account_kind, amount_fen, tag) VALUES
    ('canary', 1, 'fund:canary', 'fund', 'canary', 'canary-world', 'world', -100, FALSE),
    ('canary', 2, 'fund:canary', 'fund', 'canary', 'canary-user', 'user', 100, FALSE),
    ('canary', 3, 'pay:canary', 'pay', 'canary', 'canary-user', 'user', -101, FALSE),
    ('canary', 4, 'pay:canary', 'pay', 'canary', 'canary-escrow', 'escrow', 101, FALSE),
    ('canary', 5, 'return:canary', 'return', 'canary', 'canary-escrow', 'escrow', -101, FALSE),
    ('canary', 6, 'return:canary', 'return', 'canary', 'canary-user', 'user', 101, FALSE)

-- section: proof
SELECT 'postings' AS "table", * FROM postings
WHERE account = $subject AND store = $store AND number <= $number ORDER BY number DESC LIMIT 10
