-- statement: no user and no escrow account is below 0 after any entry
-- needs: postings(account, account_kind, number, amount_fen)
-- uses: sums
-- sentence: {account_kind} account {subject} in {store} stood at {balance_fen} fen after entry {entry}

-- section: violations
-- An account that nothing left cannot have been below 0, nor one that got its money once, first, and has some left.
WITH suspects AS (
    SELECT store, tag, account
    FROM sums
    WHERE
        first_loss IS NOT NULL
        AND (own_fen < 0 OR own_gains <> 1 OR first_gain IS NULL OR first_gain >= first_loss)
),
numberless AS (
    SELECT store, COALESCE(tag, FALSE) AS tag, account
    FROM postings
    WHERE number IS NULL
    GROUP BY store, COALESCE(tag, FALSE), account
),
running AS (
    SELECT
        suspects.store,
        suspects.tag,
        suspects.account,
        postings.account_kind,
        postings.number,
        postings.entry,
        postings.posted_us,
        SUM(COALESCE(postings.amount_fen, 0)) OVER (
            PARTITION BY suspects.store, suspects.tag, suspects.account
            ORDER BY postings.number NULLS LAST, postings.entry NULLS LAST
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS balance_fen,
        LEAD(COALESCE(postings.entry, '')) OVER (
            PARTITION BY suspects.store, suspects.tag, suspects.account
            ORDER BY postings.number NULLS LAST, postings.entry NULLS LAST
        ) AS next_entry
    FROM postings
    INNER JOIN suspects
        ON
            suspects.store IS NOT DISTINCT FROM postings.store
            AND suspects.tag = COALESCE(postings.tag, FALSE)
            AND suspects.account IS NOT DISTINCT FROM postings.account
    WHERE COALESCE(postings.account_kind, 'user') IN ('user', 'escrow')
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
