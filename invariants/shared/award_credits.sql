-- What each order number brought to people's accounts.
SELECT entry AS order_number, COUNT(*) AS credits, SUM(amount_fen) AS amount_fen, MIN(posted_us) AS posted_us
FROM postings
WHERE kind = 'award' AND account_kind = 'user'
GROUP BY entry
