-- statement: people's lists say what the orders say: a sent line for each packet that was paid and not returned, a received
--   line for each open, of the same amount, and nothing else
-- needs: packets(packet, sender, total_fen, state), opens(packet, person, amount_fen), user_lists(person, box, packet, amount_fen)
-- holds: after drain
-- uses: lists_sheet
-- sentence: {box} list of person {person}: packet {subject} {fault}

-- section: violations
WITH uneven AS (
    SELECT person, box, packet, amount_fen, COUNT(due) AS due, COUNT(shown) AS shown, MIN(moment) AS moment
    FROM lists_sheet
    GROUP BY person, box, packet, amount_fen
    HAVING COUNT(due) <> COUNT(shown)
),
listed AS (
    SELECT
        person,
        box,
        packet,
        SUM(due) AS due,
        SUM(shown) AS shown,
        SUM(due * COALESCE(amount_fen, 0)) AS due_fen,
        SUM(shown * COALESCE(amount_fen, 0)) AS shown_fen,
        MIN(moment) AS moment
    FROM uneven
    GROUP BY person, box, packet
)
SELECT
    COALESCE(packet, 'without an id') AS subject,
    CASE
        WHEN shown = 0 THEN 'of {due_fen} fen is missing'
        WHEN due = 0 THEN 'of {shown_fen} fen stands there and does not belong there'
        WHEN due = shown THEN 'is {due_fen} fen and stands there with {shown_fen} fen'
        ELSE 'belongs there {due} times and stands there {shown} times'
    END AS fault,
    ABS(due - shown) + ABS(due_fen - shown_fen) AS badness,
    moment,
    COALESCE(person, 'nobody') AS person,
    COALESCE(box, 'no') AS box,
    due,
    shown,
    due_fen,
    shown_fen
FROM listed

-- section: unsettled
SELECT COALESCE(packet, 'unknown') AS subject, 'does not say whether it was paid or returned' AS fault
FROM packets
WHERE state IS NULL

-- section: examined
SELECT SUM(lines) AS examined
FROM (
    SELECT COUNT(*) AS lines FROM packets WHERE COALESCE(state, 'paid') <> 'void'
    UNION ALL
    SELECT COUNT(*) AS lines FROM opens
) AS counted

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE);
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, tag)
VALUES ('canary', 'canary', 'canary-1', 1, 30, 70, 'canary-1', FALSE);
INSERT INTO user_lists (store, person, box, packet, amount_fen, tag) VALUES
    ('canary', 'canary-sender', 'sent', 'canary', 100, FALSE),
    ('canary', 'canary-1', 'received', 'canary', 31, FALSE)

-- section: proof
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 3;
SELECT 'opens' AS "table", * FROM opens WHERE packet = $subject AND person = $person ORDER BY sequence, voucher LIMIT 5;
SELECT 'user_lists' AS "table", * FROM user_lists WHERE packet = $subject AND person = $person ORDER BY box, store LIMIT 5
