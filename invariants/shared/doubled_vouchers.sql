-- The ids that stand for more than one voucher.
SELECT voucher
FROM (
    SELECT voucher FROM opens
    UNION ALL
    SELECT voucher FROM refunds
) AS vouchers
WHERE voucher IS NOT NULL
GROUP BY voucher
HAVING COUNT(*) > 1
