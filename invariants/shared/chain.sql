-- The shares of loose packets in the order of their sequence numbers, with what was taken and left on the way.
SELECT
    packet,
    person,
    sequence,
    amount_fen,
    remaining_fen,
    opened_us,
    position,
    SUM(amount_fen) OVER (
        PARTITION BY packet ORDER BY position, sequence ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS taken_fen,
    LAG(remaining_fen) OVER (PARTITION BY packet ORDER BY position, sequence) AS before_fen
FROM (
    SELECT
        opens.packet,
        opens.person,
        opens.sequence,
        opens.amount_fen,
        opens.remaining_fen,
        opens.opened_us,
        ROW_NUMBER() OVER (
            PARTITION BY opens.packet
            ORDER BY
                opens.sequence NULLS LAST,
                opens.voucher NULLS LAST,
                opens.person NULLS LAST,
                opens.amount_fen NULLS LAST,
                opens.remaining_fen NULLS LAST,
                opens.opened_us NULLS LAST
        ) AS position
    FROM opens
    INNER JOIN loose ON loose.packet IS NOT DISTINCT FROM opens.packet
) AS placed
