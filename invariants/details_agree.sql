-- statement: the details of each packet say what its orders say: its state, and every open once with its person, amount and
--   place in the order
-- needs: packets(packet, state), opens(packet, person, amount_fen, sequence), cache_view(view, packet, state)
-- holds: after drain
-- uses: details_sheet
-- sentence: details of packet {subject} {fault}

-- section: violations
WITH uneven AS (
    SELECT packet, about, person, amount_fen, sequence, COUNT(due) AS due, COUNT(shown) AS shown, MIN(moment) AS moment
    FROM details_sheet
    GROUP BY packet, about, person, amount_fen, sequence
    HAVING COUNT(due) <> COUNT(shown)
),
pages AS (
    SELECT
        packet,
        MAX(CASE WHEN person IS NULL AND due > shown THEN about END) AS state,
        MAX(CASE WHEN person IS NULL AND shown > due THEN about END) AS shown_state,
        MAX(CASE WHEN person IS NOT NULL AND due > shown THEN person END) AS missing,
        MAX(CASE WHEN person IS NOT NULL AND shown > due THEN person END) AS strange,
        SUM(ABS(due - shown)) AS badness,
        MIN(moment) AS moment
    FROM uneven
    GROUP BY packet
)
SELECT
    COALESCE(packet, 'without an id') AS subject,
    CASE
        WHEN state IS NOT NULL AND shown_state IS NULL THEN 'cannot be read, and it is {state}'
        WHEN state IS NOT NULL THEN 'say that it is {shown_state}, and it is {state}'
        WHEN shown_state IS NOT NULL THEN 'are shown more often than it stands'
        WHEN missing IS NULL THEN 'show an open of person {strange} that is none of its opens'
        WHEN strange IS NULL THEN 'do not show the open of person {missing}'
        ELSE 'show the open of person {strange}, and not that of person {missing} as it is'
    END AS fault,
    badness,
    moment,
    state,
    shown_state,
    missing,
    strange
FROM pages

-- section: examined
SELECT SUM(lines) AS examined
FROM (
    SELECT COUNT(*) AS lines FROM packets
    UNION ALL
    SELECT COUNT(*) AS lines FROM opens
) AS counted

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE);
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, tag)
VALUES ('canary', 'canary', 'canary-1', 1, 30, 70, 'canary-1', FALSE);
INSERT INTO cache_view (store, "view", packet, person, state, amount_fen, sequence, tag) VALUES
    ('canary', 'details', 'canary', NULL, 'paid', NULL, NULL, FALSE),
    ('canary', 'details', 'canary', 'canary-2', NULL, 30, 1, FALSE)

-- section: proof
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 3;
SELECT 'opens' AS "table", * FROM opens WHERE packet = $subject ORDER BY sequence, voucher LIMIT 10;
SELECT 'cache_view' AS "table", * FROM cache_view
WHERE packet = $subject AND "view" = 'details' ORDER BY sequence, person, store LIMIT 10
