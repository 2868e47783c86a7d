-- The opened shares of each packet in the order of their sequence numbers, with what was taken and left on the way.
SELECT
    packet,
    person,
    sequence,
    amount_fen,
    remaining_fen,
    opened_us,
    ROW_NUMBER() OVER (
        PARTITION BY packet
        ORDER BY
            sequence NULLS LAST, voucher NULLS LAST, person NULLS LAST, amount_fen NULLS LAST, remaining_fen NULLS LAST
    ) AS position,
    SUM(amount_fen) OVER (
        PARTITION BY packet
        ORDER BY
            sequence NULLS LAST, voucher NULLS LAST, person NULLS LAST, amount_fen NULLS LAST, remaining_fen NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS taken_fen,
    LAG(remaining_fen) OVER (
        PARTITION BY packet
        ORDER BY
            sequence NULLS LAST, voucher NULLS LAST, person NULLS LAST, amount_fen NULLS LAST, remaining_fen NULLS LAST
    ) AS before_fen
FROM opens
