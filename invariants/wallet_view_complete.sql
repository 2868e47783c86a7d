-- statement: a wallet view shows every award that its person was told of before, under whichever of their ids, none that
--   nobody asked for until it ended, their sum as income, and as balance what withdrawals can have left of it; one that
--   says its balance alone claims no more than that, and is not more than everything that was asked for
-- needs: history(orders, balance_fen, income_fen), merges(person, holder), awards(order_number, person, scene, amount_fen)
-- uses: award_attempts, families, kin
-- sentence: view {worker}/{number} of person {person}: {fault}

-- section: violations
WITH views AS (
    SELECT
        worker,
        number,
        person,
        sent_ns,
        done_ns,
        clock_error_ns,
        ',' || COALESCE(orders, '') || ',' AS orders,
        CASE
            WHEN COALESCE(orders, '') = '' THEN 0
            ELSE 1 + LENGTH(orders) - LENGTH(REPLACE(orders, ',', ''))
        END AS shown,
        balance_fen,
        income_fen,
        CASE WHEN orders IS NULL AND income_fen IS NULL THEN 1 ELSE 0 END AS balance_only
    FROM history
    WHERE operation IN ('wallet', 'wallet_anew') AND outcome = 'ok' AND mark IS NULL AND balance_fen IS NOT NULL
),
-- scenes whose awards are asked for by their numbers
asked_scenes AS (
    SELECT DISTINCT awards.scene
    FROM awards
    INNER JOIN history ON history.subject = awards.order_number AND history.operation = 'award'
),
-- an award may have been told of several times: the first time counts, and the first time it was asked for; where
-- nobody was told, it may stand with any amount that was asked for
given AS (
    SELECT
        person,
        order_number,
        COALESCE(MIN(CASE WHEN outcome = 'ok' THEN amount_fen END), MIN(amount_fen)) AS lowest_fen,
        COALESCE(MAX(CASE WHEN outcome = 'ok' THEN amount_fen END), MAX(amount_fen)) AS amount_fen,
        MIN(CASE WHEN outcome = 'ok' THEN done_ns + clock_error_ns END) AS told_ns,
        MIN(sent_ns - clock_error_ns) AS asked_ns
    FROM award_attempts
    WHERE order_number IS NOT NULL
    GROUP BY person, order_number
    UNION ALL
    -- what a person of a family asked for and heard nothing of may have been given under another of its ids
    SELECT
        award_attempts.person,
        awards.order_number,
        awards.amount_fen AS lowest_fen,
        awards.amount_fen,
        CAST(NULL AS BIGINT) AS told_ns,
        MIN(award_attempts.sent_ns - award_attempts.clock_error_ns) AS asked_ns
    FROM award_attempts
    INNER JOIN families ON families.person = award_attempts.person
    INNER JOIN families AS others ON others.holder = families.holder
    INNER JOIN awards ON awards.person = others.person AND awards.amount_fen = award_attempts.amount_fen
    WHERE award_attempts.outcome = 'info'
    GROUP BY award_attempts.person, awards.order_number, awards.amount_fen
    UNION ALL
    -- what games decide comes without being asked for by its number: shares, what friends bring, plays nobody heard of
    SELECT
        awards.person,
        awards.order_number,
        awards.amount_fen AS lowest_fen,
        awards.amount_fen,
        CAST(NULL AS BIGINT) AS told_ns,
        games.asked_ns
    FROM (SELECT MIN(sent_ns - clock_error_ns) AS asked_ns FROM history WHERE operation = 'play') AS games
    INNER JOIN awards ON games.asked_ns IS NOT NULL
    LEFT JOIN asked_scenes ON asked_scenes.scene = awards.scene
    WHERE asked_scenes.scene IS NULL
),
seen AS (
    SELECT
        views.worker,
        views.number,
        views.sent_ns - views.clock_error_ns AS began_ns,
        views.done_ns + views.clock_error_ns AS ended_ns,
        given.order_number,
        given.lowest_fen,
        given.amount_fen,
        given.told_ns,
        given.asked_ns,
        kin.maybe_ns,
        kin.sure_ns,
        CASE
            WHEN REPLACE(views.orders, ',' || given.order_number || ',', ',') <> views.orders THEN 1
            ELSE 0
        END AS is_shown
    FROM views
    INNER JOIN kin ON kin.person = views.person
    INNER JOIN given ON given.person = kin.other
),
-- of one order several people of a family may have been told, or one told and another not
judged_orders AS (
    SELECT
        worker,
        number,
        order_number,
        COALESCE(MIN(CASE WHEN told_ns IS NOT NULL THEN lowest_fen END), MIN(lowest_fen)) AS lowest_fen,
        COALESCE(MAX(CASE WHEN told_ns IS NOT NULL THEN amount_fen END), MAX(amount_fen)) AS amount_fen,
        MAX(is_shown) AS is_shown,
        MAX(CASE WHEN asked_ns < ended_ns AND maybe_ns < ended_ns THEN 1 ELSE 0 END) AS is_known,
        MAX(CASE WHEN told_ns < began_ns AND sure_ns < began_ns THEN 1 ELSE 0 END) AS is_due
    FROM seen
    GROUP BY worker, number, order_number
),
totals AS (
    SELECT
        worker,
        number,
        SUM(is_shown * is_known) AS known,
        SUM(is_shown * lowest_fen) AS lowest_fen,
        SUM(is_shown * amount_fen) AS shown_fen,
        SUM(is_known * amount_fen) AS asked_fen,
        MIN(CASE WHEN is_shown = 0 AND is_due = 1 THEN order_number END) AS missing,
        SUM(CASE WHEN is_shown = 0 AND is_due = 1 THEN amount_fen ELSE 0 END) AS missing_fen
    FROM judged_orders
    GROUP BY worker, number
),
-- one key is one withdrawal, however often it is asked for; what was refused may have been away until that was told
withdrawals_asked AS (
    SELECT
        person,
        COALESCE("key", worker || '/' || CAST(number AS VARCHAR)) AS intent,
        MAX(amount_fen) AS amount_fen,
        MIN(sent_ns - clock_error_ns) AS asked_ns,
        MIN(CASE WHEN outcome = 'ok' THEN done_ns + clock_error_ns END) AS told_ns,
        CASE
            WHEN MIN(CASE WHEN outcome = 'fail' THEN 1 ELSE 0 END) = 1 THEN MAX(done_ns + clock_error_ns)
        END AS refused_ns
    FROM history
    WHERE operation = 'withdraw' AND mark IS NULL
    GROUP BY person, COALESCE("key", worker || '/' || CAST(number AS VARCHAR))
),
taken AS (
    SELECT
        views.worker,
        views.number,
        SUM(
            CASE
                WHEN
                    asked.asked_ns < views.done_ns + views.clock_error_ns
                    AND kin.maybe_ns < views.done_ns + views.clock_error_ns
                    AND (asked.refused_ns IS NULL OR asked.refused_ns > views.sent_ns - views.clock_error_ns)
                    THEN asked.amount_fen
                ELSE 0
            END
        ) AS most_fen,
        SUM(
            CASE
                WHEN
                    asked.told_ns < views.sent_ns - views.clock_error_ns
                    AND kin.sure_ns < views.sent_ns - views.clock_error_ns
                    THEN asked.amount_fen
                ELSE 0
            END
        ) AS least_fen
    FROM views
    INNER JOIN kin ON kin.person = views.person
    INNER JOIN withdrawals_asked AS asked ON asked.person = kin.other
    GROUP BY views.worker, views.number
),
judged AS (
    SELECT
        views.worker,
        views.number,
        views.person,
        views.sent_ns,
        views.shown,
        views.balance_fen,
        views.income_fen,
        views.balance_only,
        COALESCE(totals.known, 0) AS known,
        CASE WHEN views.balance_only = 1 THEN COALESCE(totals.asked_fen, 0) ELSE COALESCE(totals.shown_fen, 0) END
            AS shown_fen,
        CASE WHEN views.balance_only = 1 THEN 0 ELSE COALESCE(totals.lowest_fen, 0) END AS lowest_fen,
        CASE WHEN views.balance_only = 0 THEN totals.missing END AS missing,
        CASE WHEN views.balance_only = 0 THEN COALESCE(totals.missing_fen, 0) ELSE 0 END AS missing_fen,
        COALESCE(taken.most_fen, 0) AS most_fen,
        COALESCE(taken.least_fen, 0) AS least_fen
    FROM views
    LEFT JOIN totals ON totals.worker = views.worker AND totals.number = views.number
    LEFT JOIN taken ON taken.worker = views.worker AND taken.number = views.number
)
SELECT
    COALESCE(missing, person) AS subject,
    CASE
        WHEN missing IS NOT NULL THEN 'it does not show {missing_fen} fen that were told of before, such as order {missing}'
        WHEN balance_only = 1 THEN 'it says {balance_fen} fen of balance, and all that was asked for is {shown_fen} fen, of which {least_fen} were withdrawn'
        WHEN shown <> known THEN 'it shows {shown} awards, and {known} of them were asked for'
        WHEN income_fen NOT BETWEEN lowest_fen AND shown_fen THEN 'it says {income_fen} fen of income, and what it shows comes to {shown_fen} fen'
        ELSE 'it says {balance_fen} fen of balance after {shown_fen} fen of income and {least_fen} to {most_fen} fen of withdrawals'
    END AS fault,
    missing_fen + ABS(COALESCE(income_fen, shown_fen) - shown_fen) AS badness,
    sent_ns AS moment,
    worker,
    number,
    person,
    missing,
    missing_fen,
    shown,
    known,
    income_fen,
    shown_fen,
    balance_fen,
    balance_only,
    least_fen,
    most_fen
FROM judged
WHERE
    missing IS NOT NULL
    OR (balance_only = 0 AND shown <> known)
    OR income_fen NOT BETWEEN lowest_fen AND shown_fen
    OR balance_fen > shown_fen - least_fen
    OR (balance_only = 0 AND balance_fen < lowest_fen - most_fen)

-- section: unsettled
SELECT COALESCE(person, 'unknown') AS subject, 'saw a wallet that said no balance: nothing to compare' AS fault
FROM history
WHERE operation IN ('wallet', 'wallet_anew') AND outcome = 'ok' AND mark IS NULL AND balance_fen IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM history
WHERE operation IN ('wallet', 'wallet_anew') AND outcome = 'ok' AND mark IS NULL

-- section: canary
INSERT INTO history
    (worker, number, person, operation, subject, amount_fen, sent_ns, done_ns, outcome, orders, balance_fen, income_fen,
        tag, clock_error_ns)
VALUES
    ('canary', 1, 'canary', 'award', 'canary-1', 30, 1, 2, 'ok', NULL, NULL, NULL, FALSE, 0),
    ('canary', 2, 'canary', 'award', 'canary-2', 20, 1, 2, 'ok', NULL, NULL, NULL, FALSE, 0),
    ('canary', 3, 'canary', 'wallet', NULL, NULL, 3, 4, 'ok', 'canary-2', 20, 20, FALSE, 0)

-- section: proof
SELECT 'history' AS "table", * FROM history WHERE worker = $worker AND number = $number;
SELECT 'history' AS "table", * FROM history
WHERE person = $person AND operation IN ('award', 'withdraw') ORDER BY sent_ns, worker, number LIMIT 10
