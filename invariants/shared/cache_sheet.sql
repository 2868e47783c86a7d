-- The opens that the cache has to show wherever it shows their packet, against those that it shows.
SELECT bodies.packet, bodies.store, opens.person, opens.amount_fen, opens.sequence, 1 AS due, NULL AS shown
FROM cache_view AS bodies
INNER JOIN opens ON opens.packet = bodies.packet
WHERE bodies."view" = 'cache' AND bodies.person IS NULL
UNION ALL
SELECT packet, store, person, amount_fen, sequence, NULL AS due, 1 AS shown
FROM cache_view
WHERE "view" = 'cache' AND person IS NOT NULL
