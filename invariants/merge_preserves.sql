-- statement: people who are merged own afterwards what they owned before, to the fen, in one account; no award of theirs is
--   doubled, and what one of them has of an occurrence the others are not given again
-- needs: history, merges(person, holder), accounts(person, balance_fen), postings(kind, subject, amount_fen), awards(scene, rain)
-- uses: award_attempts, award_credits, families, kin
-- sentence: person {subject}: {fault}

-- section: violations
WITH moved AS (
    SELECT
        subject AS person,
        SUM(CASE WHEN amount_fen < 0 THEN -amount_fen ELSE 0 END) AS left_fen,
        SUM(CASE WHEN amount_fen > 0 THEN amount_fen ELSE 0 END) AS arrived_fen,
        MIN(posted_us) AS moment
    FROM postings
    WHERE kind = 'merge' AND account_kind = 'user'
    GROUP BY subject
),
-- awards of a family: since when one of them asked for it, and when one was first told
asked AS (
    SELECT
        families.holder,
        award_attempts.order_number,
        MIN(award_attempts.person) AS person,
        MIN(award_attempts.sent_ns - award_attempts.clock_error_ns) AS asked_ns,
        MIN(CASE WHEN award_attempts.outcome = 'ok' THEN award_attempts.done_ns + award_attempts.clock_error_ns END)
            AS told_ns
    FROM award_attempts
    INNER JOIN families ON families.person = award_attempts.person
    GROUP BY families.holder, award_attempts.order_number
),
given AS (
    SELECT
        asked.holder,
        asked.order_number,
        asked.person,
        asked.asked_ns,
        asked.told_ns,
        awards.amount_fen,
        awards.scene,
        awards.rain,
        awards.award_type,
        awards.stage
    FROM asked
    INNER JOIN awards ON awards.order_number = asked.order_number
)
SELECT
    merges.person AS subject,
    'is {holder} now, and {left_fen} fen are left in the account of before' AS fault,
    ABS(accounts.balance_fen) AS badness,
    CAST(NULL AS BIGINT) AS moment,
    merges.holder,
    accounts.balance_fen AS left_fen,
    CAST(NULL AS BIGINT) AS arrived_fen,
    CAST(NULL AS VARCHAR) AS order_number
FROM merges
INNER JOIN accounts ON accounts.person = merges.person AND accounts.kind = 'user'
WHERE accounts.balance_fen <> 0
UNION ALL
SELECT
    moved.person AS subject,
    '{left_fen} fen left when they were merged, and {arrived_fen} fen arrived' AS fault,
    ABS(moved.left_fen - moved.arrived_fen) AS badness,
    moved.moment,
    merges.holder,
    moved.left_fen,
    moved.arrived_fen,
    CAST(NULL AS VARCHAR) AS order_number
FROM moved
LEFT JOIN merges ON merges.person = moved.person
WHERE moved.left_fen <> moved.arrived_fen
UNION ALL
SELECT
    given.person AS subject,
    'award {order_number} was credited more than once' AS fault,
    MAX(given.amount_fen) AS badness,
    CAST(NULL AS BIGINT) AS moment,
    given.holder,
    CAST(NULL AS BIGINT) AS left_fen,
    CAST(NULL AS BIGINT) AS arrived_fen,
    given.order_number
FROM given
INNER JOIN award_credits ON award_credits.order_number = given.order_number AND award_credits.credits > 1
GROUP BY given.person, given.holder, given.order_number
UNION ALL
SELECT
    late.person AS subject,
    'was given {order_number} after the merge, and had an award of that occurrence under another id' AS fault,
    MAX(late.amount_fen) AS badness,
    MIN(late.asked_ns) AS moment,
    late.holder,
    CAST(NULL AS BIGINT) AS left_fen,
    CAST(NULL AS BIGINT) AS arrived_fen,
    late.order_number
FROM given AS late
INNER JOIN given AS other
    ON
        other.holder = late.holder
        AND other.order_number <> late.order_number
        AND other.scene = late.scene
        AND other.rain = late.rain
        AND other.award_type = late.award_type
        AND other.stage = late.stage
INNER JOIN kin ON kin.holder = late.holder AND kin.person = late.person
WHERE
    late.asked_ns > kin.sure_ns
    AND (other.told_ns < kin.maybe_ns OR other.asked_ns > kin.sure_ns)
GROUP BY late.person, late.holder, late.order_number

-- section: examined
SELECT COUNT(*) AS examined FROM merges

-- section: canary
INSERT INTO merges (store, person, holder, state, tag) VALUES ('canary', 'canary-1', 'canary-2', 'merged', FALSE);
INSERT INTO accounts (store, account, kind, person, balance_fen, tag) VALUES
    ('canary', 'canary-user-1', 'user', 'canary-1', 1, FALSE),
    ('canary', 'canary-user-2', 'user', 'canary-2', 29, FALSE);
INSERT INTO postings (store, number, entry, kind, subject, account, account_kind, amount_fen, posted_us, tag) VALUES
    ('canary', 1, 'canary-1', 'merge', 'canary-1', 'canary-user-1', 'user', -29, 1, FALSE),
    ('canary', 2, 'canary-1', 'merge', 'canary-1', 'canary-user-2', 'user', 29, 1, FALSE)

-- section: proof
SELECT 'merges' AS "table", * FROM merges WHERE person = $subject OR holder = $holder ORDER BY person LIMIT 5;
SELECT 'accounts' AS "table", * FROM accounts WHERE person IN ($subject, $holder) ORDER BY person, store LIMIT 5;
SELECT 'postings' AS "table", * FROM postings WHERE kind = 'merge' AND subject = $subject ORDER BY store, number LIMIT 5;
SELECT 'history' AS "table", * FROM history
WHERE person IN ($subject, $holder) AND operation IN ('award', 'bind') ORDER BY sent_ns, worker, number LIMIT 10
