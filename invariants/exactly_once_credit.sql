-- statement: the vouchers of opens and refunds are, as a multiset, the credits in the ledger: none lost, doubled, altered or
--   out of nowhere
-- needs: opens(voucher, person, amount_fen), refunds(voucher, person, amount_fen), postings(subject, account, amount_fen), accounts(account)
-- uses: doubled_accounts
-- sentence: voucher {subject} {fault}

-- section: violations
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
),
both_sides AS (
    SELECT voucher, person, amount_fen, 1 AS owed, NULL AS paid, opened_us AS moment
    FROM opens
    UNION ALL
    SELECT voucher, person, amount_fen, 1 AS owed, NULL AS paid, refunded_us AS moment
    FROM refunds
    UNION ALL
    SELECT
        postings.subject AS voucher,
        holders.person,
        postings.amount_fen,
        NULL AS owed,
        1 AS paid,
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
),
uneven AS (
    SELECT voucher, person, amount_fen, COUNT(owed) AS owed, COUNT(paid) AS paid, MIN(moment) AS moment
    FROM both_sides
    GROUP BY voucher, person, amount_fen
    HAVING COUNT(owed) <> COUNT(paid)
),
named AS (
    SELECT
        voucher,
        SUM(owed) AS owed,
        SUM(paid) AS paid,
        SUM(owed * COALESCE(amount_fen, 0)) AS owed_fen,
        SUM(paid * COALESCE(amount_fen, 0)) AS paid_fen,
        SUM(ABS(owed - paid) * ABS(COALESCE(amount_fen, 0))) AS badness,
        MAX(CASE WHEN owed > paid THEN person END) AS owed_to,
        MAX(CASE WHEN paid > owed THEN person END) AS paid_to,
        MIN(moment) AS moment
    FROM uneven
    GROUP BY voucher
)
SELECT
    COALESCE(voucher, 'without an id') AS subject,
    CASE
        WHEN paid = 0 THEN 'owes person {owed_to} {owed_fen} fen and was never credited'
        WHEN owed = 0 THEN 'does not stand anywhere, yet person {paid_to} was credited {paid_fen} fen for it'
        WHEN owed_fen <> paid_fen AND paid = owed THEN 'owes person {owed_to} {owed_fen} fen and {paid_fen} fen were credited'
        WHEN paid > owed THEN 'was credited {paid} times, {paid_fen} fen for {owed_fen} fen owed'
        WHEN paid < owed THEN 'stands {owed} times and was credited {paid} times'
        ELSE 'belongs to person {owed_to}, yet person {paid_to} was credited the {paid_fen} fen'
    END AS fault,
    badness,
    moment,
    owed,
    paid,
    owed_fen,
    paid_fen,
    owed_to,
    paid_to
FROM named

-- section: examined
SELECT SUM(vouchers) AS examined
FROM (
    SELECT COUNT(*) AS vouchers FROM opens
    UNION ALL
    SELECT COUNT(*) AS vouchers FROM refunds
) AS counted

-- section: canary
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, tag)
VALUES ('canary', 'canary', 'canary-1', 1, 30, 70, 'canary-1', FALSE);
INSERT INTO accounts (store, account, kind, person, balance_fen, tag)
VALUES ('canary', 'canary-account', 'user', 'canary-1', 60, FALSE);
INSERT INTO postings (store, number, entry, kind, subject, account, account_kind, amount_fen, tag) VALUES
    ('canary', 1, 'credit:canary-1', 'credit', 'canary-1', 'canary-escrow', 'escrow', -30, FALSE),
    ('canary', 2, 'credit:canary-1', 'credit', 'canary-1', 'canary-account', 'user', 30, FALSE),
    ('canary', 3, 'credit:canary-1:again', 'credit', 'canary-1', 'canary-escrow', 'escrow', -30, FALSE),
    ('canary', 4, 'credit:canary-1:again', 'credit', 'canary-1', 'canary-account', 'user', 30, FALSE)

-- section: proof
SELECT 'opens' AS "table", * FROM opens WHERE voucher = $subject ORDER BY store LIMIT 5;
SELECT 'refunds' AS "table", * FROM refunds WHERE voucher = $subject ORDER BY store LIMIT 5;
SELECT 'postings' AS "table", * FROM postings WHERE subject = $subject ORDER BY store, number LIMIT 10
