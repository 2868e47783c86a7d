-- statement: no user and no escrow account is below 0 after any entry
-- needs: postings(account, account_kind, number, amount_fen)
-- sentence: {account_kind} account {subject} in {store} stood at {balance_fen} fen after entry {entry}

-- section: violations
WITH lines AS (
    SELECT
        store,
        COALESCE(tag, FALSE) AS tag,
        account,
        account_kind,
        number,
        entry,
        posted_us,
        COALESCE(amount_fen, 0) AS amount_fen
    FROM postings
    WHERE COALESCE(account_kind, 'user') IN ('user', 'escrow')
),
-- An account that nothing left cannot have been below 0, nor one that got its money once, first, and has some left.
suspects AS (
    SELECT store, tag, account
    FROM lines
    GROUP BY store, tag, account
    HAVING
        MIN(amount_fen) < 0
        AND NOT (
            SUM(amount_fen) >= 0
            AND SUM(CASE WHEN amount_fen > 0 THEN 1 ELSE 0 END) = 1
            AND COALESCE(
                MIN(CASE WHEN amount_fen > 0 THEN number END) < MIN(CASE WHEN amount_fen < 0 THEN number END), FALSE
            )
        )
),
numberless AS (
    SELECT store, COALESCE(tag, FALSE) AS tag, account
    FROM postings
    WHERE number IS NULL
    GROUP BY store, COALESCE(tag, FALSE), account
),
running AS (
    SELECT
        lines.store,
        lines.tag,
        lines.account,
        lines.account_kind,
        lines.number,
        lines.entry,
        lines.posted_us,
        SUM(lines.amount_fen) OVER (
            PARTITION BY lines.store, lines.tag, lines.account ORDER BY lines.number NULLS LAST, lines.entry NULLS LAST
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS balance_fen,
        LEAD(COALESCE(lines.entry, '')) OVER (
            PARTITION BY lines.store, lines.tag, lines.account ORDER BY lines.number NULLS LAST, lines.entry NULLS LAST
        ) AS next_entry
    FROM lines
    INNER JOIN suspects
        ON
            suspects.store IS NOT DISTINCT FROM lines.store
            AND suspects.tag = lines.tag
            AND suspects.account IS NOT DISTINCT FROM lines.account
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
