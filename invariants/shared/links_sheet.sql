-- Each share takes up what the one before it left, the first of them the packet: what is left to the share of a number,
-- against what that share had before it. Behind the last share stands what the packet has left when all amounts are taken.
SELECT terms.packet, 1 AS sequence, terms.total_fen AS left_fen, 1 AS due, NULL AS shown
FROM terms
INNER JOIN takings ON takings.packet = terms.packet
UNION ALL
SELECT packet, sequence + 1 AS sequence, remaining_fen AS left_fen, 1 AS due, NULL AS shown
FROM opens
UNION ALL
SELECT packet, sequence, remaining_fen + amount_fen AS left_fen, NULL AS due, 1 AS shown
FROM opens
UNION ALL
SELECT takings.packet, takings.opens + 1 AS sequence, terms.total_fen - takings.taken_fen AS left_fen, NULL AS due, 1 AS shown
FROM takings
INNER JOIN terms ON terms.packet = takings.packet
