-- statement: tagged persons and ids touch shadow rows and prefixed keys only, untagged ones live rows and keys only
-- needs: history(tag), shadow_rows(place, shadow), packets(tag), opens(tag), refunds(tag), postings(tag), accounts(tag)
-- uses: attempts, doubled_vouchers
-- sentence: {place} in {store}: {fault} (subject {about}, person {person})

-- section: violations
WITH senders AS (
    SELECT
        person,
        MIN(CASE WHEN tag THEN 1 WHEN NOT tag THEN 0 END) AS least,
        MAX(CASE WHEN tag THEN 1 WHEN NOT tag THEN 0 END) AS most
    FROM history
    GROUP BY person
),
-- what those did who sent on both sides, and was not refused
done AS (
    SELECT history.person, CASE WHEN history.tag THEN 1 WHEN NOT history.tag THEN 0 END AS side
    FROM history
    INNER JOIN senders ON senders.person = history.person
    WHERE senders.least < senders.most AND history.outcome IS DISTINCT FROM 'fail'
),
-- the side of a person: of everything they sent, or, where that is mixed, of what was not refused
people AS (
    SELECT person, least AS side
    FROM senders
    WHERE least = most
    UNION ALL
    SELECT person, MIN(side) AS side
    FROM done
    GROUP BY person
    HAVING MIN(side) = MAX(side)
),
-- the side of an id that all who may have made it have in common
makers AS (
    SELECT
        CASE WHEN operation = 'fund' THEN 'fund:' || person || ':' || "key" ELSE subject END AS id,
        CASE WHEN tag THEN 1 WHEN NOT tag THEN 0 END AS side
    FROM attempts
),
named AS (
    SELECT id, MIN(side) AS side
    FROM makers
    GROUP BY id
    HAVING MIN(side) = MAX(side)
),
vouchers AS (
    SELECT opens.voucher, named.side
    FROM opens
    INNER JOIN named ON named.id = opens.packet
    UNION ALL
    SELECT refunds.voucher, named.side
    FROM refunds
    INNER JOIN named ON named.id = refunds.packet
),
ids AS (
    SELECT id, side FROM named
    UNION ALL
    SELECT vouchers.voucher AS id, vouchers.side
    FROM vouchers
    LEFT JOIN doubled_vouchers ON doubled_vouchers.voucher = vouchers.voucher
    WHERE doubled_vouchers.voucher IS NULL
    UNION ALL
    SELECT vouchers.voucher AS id, MIN(vouchers.side) AS side
    FROM vouchers
    INNER JOIN doubled_vouchers ON doubled_vouchers.voucher = vouchers.voucher
    GROUP BY vouchers.voucher
    HAVING MIN(vouchers.side) = MAX(vouchers.side)
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
-- the side of a packet by where it stands
packet_sides AS (
    SELECT packet, MIN(CASE WHEN tag THEN 1 ELSE 0 END) AS side
    FROM packets
    WHERE tag IS NOT NULL
    GROUP BY packet
    HAVING MIN(CASE WHEN tag THEN 1 ELSE 0 END) = MAX(CASE WHEN tag THEN 1 ELSE 0 END)
),
-- joined to what belongs on the other side only: nearly nothing
astray AS (
    SELECT
        found.store,
        found.place,
        found.about,
        found.person,
        CASE WHEN found.stands THEN 1 ELSE 0 END AS stands,
        CASE WHEN found.says THEN 1 WHEN NOT found.says THEN 0 END AS says,
        ids.side AS id_side,
        people.side AS person_side
    FROM found
    LEFT JOIN ids ON ids.id = found.about AND ids.side = CASE WHEN found.stands THEN 0 ELSE 1 END
    LEFT JOIN people ON people.person = found.person AND people.side = CASE WHEN found.stands THEN 0 ELSE 1 END
    WHERE found.stands IS NOT NULL
)
SELECT
    COALESCE(about, person, place) AS subject,
    CASE
        WHEN stands = 0 AND says = 1 THEN 'a tagged id on the live side'
        WHEN stands = 1 AND says = 0 THEN 'an untagged id on the shadow side'
        WHEN id_side = 1 THEN 'something tagged operations made, on the live side'
        WHEN id_side = 0 THEN 'something untagged operations made, on the shadow side'
        WHEN person_side = 1 THEN 'a person who sent only tagged operations, on the live side'
        ELSE 'a person who sent only untagged operations, on the shadow side'
    END AS fault,
    1 AS badness,
    store,
    place,
    about,
    person
FROM astray
WHERE stands <> says OR id_side IS NOT NULL OR person_side IS NOT NULL
UNION ALL
SELECT
    attempts.subject,
    CASE
        WHEN packet_sides.side = 1 THEN 'an untagged operation was acknowledged on the shadow side'
        ELSE 'a tagged operation was acknowledged on the live side'
    END AS fault,
    1 AS badness,
    attempts.worker AS store,
    'history' AS place,
    attempts.subject AS about,
    attempts.person
FROM attempts
INNER JOIN packet_sides
    ON packet_sides.packet = attempts.subject AND packet_sides.side = CASE WHEN attempts.tag THEN 0 ELSE 1 END
WHERE attempts.outcome = 'ok' AND attempts.tag IS NOT NULL
UNION ALL
SELECT
    COALESCE(found.about, found.person, found.place) AS subject,
    'a row of which nobody knows whether it is tagged' AS fault,
    1 AS badness,
    found.store,
    found.place,
    found.about,
    found.person
FROM found
LEFT JOIN ids ON ids.id = found.about
LEFT JOIN people ON people.person = found.person
WHERE found.stands IS NULL AND (ids.side IS NOT NULL OR people.side IS NOT NULL)

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
WHERE subject = $about OR person = $person ORDER BY store, place, subject, person LIMIT 10;
SELECT 'history' AS "table", * FROM history
WHERE person = $person OR subject = $about ORDER BY sent_ns, worker, number LIMIT 10
