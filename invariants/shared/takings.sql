-- What was taken of each packet; unknown is how much, where a share does not say its amount.
SELECT
    packet,
    COUNT(*) AS opens,
    CASE WHEN COUNT(*) = COUNT(amount_fen) THEN SUM(amount_fen) END AS taken_fen
FROM opens
GROUP BY packet
