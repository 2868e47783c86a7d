-- What users and escrow accounts gain or lose by entries that fund a user, pay for a packet, or return what was paid.
SELECT store, number, entry, kind, subject, account, account_kind, amount_fen, posted_us, tag
FROM postings
WHERE kind IN ('fund', 'pay', 'return') AND (account_kind IN ('user', 'escrow') OR account_kind IS NULL)
