-- statement: tagged persons and ids touch shadow rows and prefixed keys only, untagged ones live rows and keys only
-- needs: history(tag), shadow_rows(place, shadow), packets(tag), opens(tag), refunds(tag), postings(tag), accounts(tag)
-- sentence: {place} in {store}: {fault} (subject {about}, person {person})

-- section: violations
WITH sent AS (
    SELECT
        operation,
        person,
        subject,
        "key",
        CASE WHEN tag THEN 1 WHEN NOT tag THEN 0 END AS side,
        CASE WHEN COALESCE(outcome, 'info') <> 'fail' THEN CASE WHEN tag THEN 1 WHEN NOT tag THEN 0 END END AS done_side
    FROM history
),
-- the side of a person: of everything they sent, or, where that is mixed, of what was not refused
people AS (
    SELECT
        person,
        CASE
            WHEN MIN(side) = MAX(side) THEN MIN(side)
            WHEN MIN(done_side) = MAX(done_side) THEN MIN(done_side)
        END AS side
    FROM sent
    GROUP BY person
),
named AS (
    SELECT subject AS id, MIN(done_side) AS side
    FROM sent
    WHERE operation IN ('send', 'pay', 'open')
    GROUP BY subject
    HAVING MIN(done_side) = MAX(done_side)
    UNION ALL
    SELECT 'fund:' || "key" AS id, MIN(done_side) AS side
    FROM sent
    WHERE operation = 'fund'
    GROUP BY "key"
    HAVING MIN(done_side) = MAX(done_side)
),
ids AS (
    SELECT id, side FROM named
    UNION ALL
    SELECT opens.voucher AS id, MIN(named.side) AS side
    FROM opens
    INNER JOIN named ON named.id = opens.packet
    GROUP BY opens.voucher
    HAVING MIN(named.side) = MAX(named.side)
    UNION ALL
    SELECT refunds.voucher AS id, MIN(named.side) AS side
    FROM refunds
    INNER JOIN named ON named.id = refunds.packet
    GROUP BY refunds.voucher
    HAVING MIN(named.side) = MAX(named.side)
),
found AS (
    SELECT store, place, subject AS about, person, shadow AS stands, tag AS says FROM shadow_rows
    UNION ALL
    SELECT store, 'packets' AS place, packet AS about, sender AS person, tag AS stands, tag AS says FROM packets
    UNION ALL
    SELECT store, 'opens' AS place, packet AS about, person, tag AS stands, tag AS says FROM opens
    UNION ALL
    SELECT store, 'refunds' AS place, packet AS about, person, tag AS stands, tag AS says FROM refunds
    UNION ALL
    SELECT store, 'accounts' AS place, packet AS about, person, tag AS stands, tag AS says FROM accounts
    UNION ALL
    SELECT
        store,
        'postings' AS place,
        CASE WHEN kind = 'fund' THEN entry ELSE subject END AS about,
        CAST(NULL AS VARCHAR) AS person,
        tag AS stands,
        tag AS says
    FROM postings
),
placed AS (
    SELECT
        found.store,
        found.place,
        found.about,
        found.person,
        CASE WHEN found.stands THEN 1 WHEN NOT found.stands THEN 0 END AS stands,
        CASE WHEN found.says THEN 1 WHEN NOT found.says THEN 0 END AS says,
        ids.side AS id_side,
        people.side AS person_side
    FROM found
    LEFT JOIN ids ON ids.id = found.about
    LEFT JOIN people ON people.person = found.person
)
SELECT
    COALESCE(about, person, place) AS subject,
    CASE
        WHEN stands IS NULL THEN 'a row of which nobody knows whether it is tagged'
        WHEN stands = 0 AND says = 1 THEN 'a tagged id on the live side'
        WHEN stands = 1 AND says = 0 THEN 'an untagged id on the shadow side'
        WHEN stands = 0 AND id_side = 1 THEN 'something tagged operations made, on the live side'
        WHEN stands = 1 AND id_side = 0 THEN 'something untagged operations made, on the shadow side'
        WHEN stands = 0 THEN 'a person who sent only tagged operations, on the live side'
        ELSE 'a person who sent only untagged operations, on the shadow side'
    END AS fault,
    1 AS badness,
    store,
    place,
    about,
    person
FROM placed
WHERE
    stands <> says
    OR stands <> id_side
    OR stands <> person_side
    OR (stands IS NULL AND (id_side IS NOT NULL OR person_side IS NOT NULL))

-- section: unsettled
SELECT COALESCE(subject, person, place, 'a row') AS subject, 'stands in a place that is neither live nor shadow' AS fault
FROM shadow_rows
WHERE shadow IS NULL
UNION ALL
SELECT worker AS subject, 'sent an operation that is neither tagged nor untagged' AS fault
FROM history
WHERE tag IS NULL
UNION ALL
SELECT COALESCE(subject, entry, 'unknown') AS subject, 'is a line that is neither tagged nor untagged' AS fault
FROM postings
WHERE tag IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM shadow_rows

-- section: canary
INSERT INTO history (worker, number, person, operation, subject, "key", sent_ns, done_ns, outcome, tag, clock_error_ns)
VALUES ('canary', 1, 'canary-1', 'open', 'canary', 'canary-key-1', 1, 2, 'ok', TRUE, 0);
INSERT INTO shadow_rows (store, place, shadow, subject, person, tag)
VALUES ('canary', 'canary-place', FALSE, 'canary', 'canary-1', NULL)

-- section: proof
SELECT 'shadow_rows' AS "table", * FROM shadow_rows
WHERE subject = $about OR person = $person ORDER BY store, place LIMIT 10;
SELECT 'history' AS "table", * FROM history
WHERE person = $person OR subject = $about ORDER BY sent_ns, worker, number LIMIT 10
