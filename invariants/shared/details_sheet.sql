-- What the details of packets have to show, against what they show: a line for each open, and one for each packet's state.
SELECT packet, 'open' AS about, person, amount_fen, sequence, 1 AS due, NULL AS shown, opened_us AS moment
FROM opens
UNION ALL
SELECT packet, 'open' AS about, person, amount_fen, sequence, NULL AS due, 1 AS shown, NULL AS moment
FROM cache_view
WHERE "view" = 'details' AND person IS NOT NULL
UNION ALL
SELECT packet, state AS about, NULL AS person, NULL AS amount_fen, NULL AS sequence, 1 AS due, NULL AS shown, paid_us AS moment
FROM packets
UNION ALL
SELECT packet, state AS about, NULL AS person, NULL AS amount_fen, NULL AS sequence, NULL AS due, 1 AS shown, NULL AS moment
FROM cache_view
WHERE "view" = 'details' AND person IS NULL
