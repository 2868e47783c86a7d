-- statement: the vouchers of opens and refunds are, as a multiset, the credits in the ledger: none lost, doubled, altered or
--   out of nowhere
-- needs: opens(voucher, person, amount_fen), refunds(voucher, person, amount_fen), postings(subject, account, amount_fen), accounts(account)
-- uses: doubled_accounts, vouchers_sheet
-- sentence: voucher {subject} {fault}

-- section: violations
WITH uneven AS (
    SELECT voucher, person, amount_fen, COUNT(due) AS owed, COUNT(shown) AS paid, MIN(moment) AS moment
    FROM vouchers_sheet
    GROUP BY voucher, person, amount_fen
    HAVING COUNT(due) <> COUNT(shown)
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
