-- What each packet is; of one that stands more than once, the least of those that are said.
SELECT packet, MIN(kind) AS kind, MIN(total_fen) AS total_fen, MIN(shares) AS shares
FROM packets
GROUP BY packet
