-- statement: a person opens a packet at most once
-- needs: opens(packet, person)
-- uses: doubled_opens
-- sentence: person {person} opened packet {subject} {opens} times and took {taken_fen} fen

-- section: violations
SELECT
    opens.packet AS subject,
    COUNT(*) - 1 AS badness,
    MIN(opens.opened_us) AS moment,
    opens.person,
    COUNT(*) AS opens,
    SUM(opens.amount_fen) AS taken_fen
FROM opens
INNER JOIN doubled_opens ON doubled_opens.packet = opens.packet AND doubled_opens.person = opens.person
GROUP BY opens.packet, opens.person

-- section: unsettled
SELECT COALESCE(packet, 'unknown') AS subject, 'has an opened share that does not say whose, or of which packet' AS fault
FROM opens
WHERE packet IS NULL OR person IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM opens

-- section: canary
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, tag) VALUES
    ('canary', 'canary', 'canary-1', 1, 60, 40, 'canary-1', FALSE),
    ('canary', 'canary', 'canary-1', 2, 20, 20, 'canary-2', FALSE)

-- section: proof
SELECT 'opens' AS "table", * FROM opens
WHERE packet = $subject AND person = $person ORDER BY sequence, voucher LIMIT 10
