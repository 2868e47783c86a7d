-- statement: the lines of each entry sum to 0; each account stands once, and its balance is the sum of its lines
-- needs: postings(entry, account, amount_fen), accounts(account, balance_fen)
-- uses: doubled_accounts, entries_sheet, sums
-- sentence: {fault}

-- section: violations
WITH balances AS (
    SELECT store, COALESCE(tag, FALSE) AS tag, account, balance_fen
    FROM accounts
),
uneven AS (
    SELECT store, tag, entry
    FROM (
        SELECT store, tag, entry
        FROM entries_sheet
        GROUP BY store, tag, entry, unsaid
        HAVING SUM(due) <> SUM(shown)
    ) AS sides
    GROUP BY store, tag, entry
)
SELECT
    COALESCE(postings.entry, 'without an id') AS subject,
    CASE
        WHEN COUNT(CASE WHEN postings.amount_fen IS NULL THEN 1 END) > 0 THEN 'entry {subject} in {store} has a line without an amount'
        ELSE 'entry {subject} in {store} sums to {lines_fen} fen and not to 0'
    END AS fault,
    ABS(SUM(COALESCE(postings.amount_fen, 0))) AS badness,
    MIN(postings.posted_us) AS moment,
    postings.store,
    SUM(COALESCE(postings.amount_fen, 0)) AS lines_fen,
    CAST(NULL AS BIGINT) AS balance_fen
FROM postings
INNER JOIN uneven
    ON
        uneven.store IS NOT DISTINCT FROM postings.store
        AND uneven.tag = COALESCE(postings.tag, FALSE)
        AND uneven.entry IS NOT DISTINCT FROM postings.entry
GROUP BY postings.store, uneven.tag, postings.entry
HAVING SUM(COALESCE(postings.amount_fen, 0)) <> 0 OR COUNT(CASE WHEN postings.amount_fen IS NULL THEN 1 END) > 0
UNION ALL
SELECT
    COALESCE(balances.account, sums.account, 'without an id') AS subject,
    CASE
        WHEN balances.account IS NULL THEN 'account {subject} in {store} has lines of {lines_fen} fen and does not stand anywhere'
        ELSE 'account {subject} in {store} says {balance_fen} fen and its lines sum to {lines_fen} fen'
    END AS fault,
    ABS(COALESCE(balances.balance_fen, 0) - COALESCE(sums.lines_fen, 0)) AS badness,
    CAST(NULL AS BIGINT) AS moment,
    COALESCE(balances.store, sums.store) AS store,
    COALESCE(sums.lines_fen, 0) AS lines_fen,
    balances.balance_fen
FROM balances
FULL OUTER JOIN sums
    ON sums.store = balances.store AND sums.tag = balances.tag AND sums.account = balances.account
WHERE balances.account IS NULL OR balances.balance_fen IS DISTINCT FROM COALESCE(sums.lines_fen, 0)
UNION ALL
SELECT
    COALESCE(accounts.account, 'without an id') AS subject,
    'account {subject} stands more than once in {store}' AS fault,
    ABS(MAX(accounts.balance_fen)) AS badness,
    CAST(NULL AS BIGINT) AS moment,
    accounts.store,
    CAST(NULL AS BIGINT) AS lines_fen,
    MAX(accounts.balance_fen) AS balance_fen
FROM accounts
INNER JOIN doubled_accounts
    ON
        doubled_accounts.store IS NOT DISTINCT FROM accounts.store
        AND doubled_accounts.tag = COALESCE(accounts.tag, FALSE)
        AND doubled_accounts.account IS NOT DISTINCT FROM accounts.account
GROUP BY accounts.store, COALESCE(accounts.tag, FALSE), accounts.account

-- section: examined
SELECT COUNT(*) AS examined FROM postings

-- section: canary
INSERT INTO postings (store, number, entry, kind, subject, account, account_kind, amount_fen, tag) VALUES
    ('canary', 1, 'canary-fund', 'fund', 'canary', 'canary-world', 'world', -100, FALSE),
    ('canary', 2, 'canary-fund', 'fund', 'canary', 'canary-user', 'user', 101, FALSE);
INSERT INTO accounts (store, account, kind, person, balance_fen, tag) VALUES
    ('canary', 'canary-world', 'world', NULL, -100, FALSE),
    ('canary', 'canary-user', 'user', 'canary', 101, FALSE)

-- section: proof
SELECT 'accounts' AS "table", * FROM accounts WHERE account = $subject AND store = $store ORDER BY tag LIMIT 3;
SELECT 'postings' AS "table", * FROM postings
WHERE (entry = $subject OR account = $subject) AND store = $store ORDER BY number LIMIT 20
