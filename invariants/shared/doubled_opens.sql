-- Who opened a packet more than once.
SELECT packet, person
FROM opens
GROUP BY packet, person
HAVING COUNT(*) > 1
