-- What people's lists have to show, against what they show.
SELECT sender AS person, 'sent' AS box, packet, total_fen AS amount_fen, 1 AS due, NULL AS shown, paid_us AS moment
FROM packets
WHERE COALESCE(state, 'paid') <> 'void'
UNION ALL
SELECT person, 'received' AS box, packet, amount_fen, 1 AS due, NULL AS shown, opened_us AS moment
FROM opens
UNION ALL
SELECT person, box, packet, amount_fen, NULL AS due, 1 AS shown, at_us AS moment
FROM user_lists
