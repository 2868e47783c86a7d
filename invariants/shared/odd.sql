-- Attempts to open and opened shares of the same packet, person and key that do not stand for each other: shares nobody
-- asked for, attempts without a share, answers that tell of their share otherwise than the evidence.
SELECT
    shares.stands,
    shares.packet,
    shares.person,
    shares.sequence,
    shares.amount_fen,
    shares.remaining_fen,
    shares.opened_us,
    shares."key",
    attempts.outcome,
    attempts.worker,
    attempts.number,
    attempts.subject,
    attempts.sequence AS told_sequence,
    attempts.remaining_fen AS told_remaining_fen
FROM (
    SELECT packet, person, sequence, amount_fen, remaining_fen, opened_us, "key", 1 AS stands FROM opens
) AS shares
FULL OUTER JOIN (
    SELECT * FROM attempts WHERE operation = 'open'
) AS attempts
    ON
        attempts.subject = shares.packet
        AND attempts.person = shares.person
        AND COALESCE(attempts."key", shares."key", '') = COALESCE(shares."key", attempts."key", '')
WHERE
    shares.stands IS NULL
    OR attempts.outcome IS NULL
    OR (
        attempts.outcome = 'ok'
        AND (
            attempts.amount_fen IS DISTINCT FROM shares.amount_fen
            OR COALESCE(attempts.sequence, shares.sequence) IS DISTINCT FROM shares.sequence
            OR COALESCE(attempts.remaining_fen, shares.remaining_fen) IS DISTINCT FROM shares.remaining_fen
        )
    )
