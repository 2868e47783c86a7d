-- statement: replayed by sequence from (total, shares), every amount lies within its bounds, is at least 1 fen, and the
--   last share takes all
-- needs: packets(packet, kind, total_fen, shares), opens(packet, sequence, amount_fen)
-- uses: chain, links_sheet, loose, takings, terms
-- sentence: packet {subject}: share {sequence} of person {person}, {amount_fen} fen, {fault}

-- section: violations
WITH vague AS (
    SELECT packet FROM opens WHERE sequence IS NULL OR amount_fen IS NULL GROUP BY packet
),
-- where the shares plainly follow on each other, a number is a position
replay AS (
    SELECT
        opens.packet,
        opens.person,
        opens.sequence,
        opens.amount_fen,
        opens.opened_us,
        terms.kind,
        terms.total_fen,
        terms.shares,
        TRUE AS replayable,
        opens.sequence AS position,
        opens.remaining_fen + opens.amount_fen AS left_fen
    FROM opens
    INNER JOIN terms ON terms.packet = opens.packet
    LEFT JOIN loose ON loose.packet = opens.packet
    WHERE loose.packet IS NULL
    UNION ALL
    SELECT
        chain.packet,
        chain.person,
        chain.sequence,
        chain.amount_fen,
        chain.opened_us,
        terms.kind,
        terms.total_fen,
        terms.shares,
        vague.packet IS NULL AS replayable,
        chain.position,
        terms.total_fen + chain.amount_fen - chain.taken_fen AS left_fen
    FROM chain
    INNER JOIN terms ON terms.packet = chain.packet
    LEFT JOIN vague ON vague.packet = chain.packet
),
draws AS (
    SELECT
        packet,
        person,
        sequence,
        amount_fen,
        opened_us,
        kind,
        total_fen,
        shares,
        replayable,
        position,
        left_fen,
        shares - position + 1 AS left_shares,
        CASE
            WHEN left_fen - 20000 * (shares - position) > 1 THEN left_fen - 20000 * (shares - position)
            ELSE 1
        END AS lower_fen
    FROM replay
),
judged AS (
    SELECT
        packet,
        person,
        sequence,
        amount_fen,
        opened_us,
        total_fen,
        shares,
        position,
        left_fen,
        left_shares,
        lower_fen,
        CASE
            WHEN amount_fen < 1 THEN 'is less than 1 fen'
            WHEN kind = 'equal' AND amount_fen * shares <> total_fen
                THEN 'is not an equal share of {total_fen} fen in {shares}'
            WHEN NOT replayable THEN NULL
            WHEN sequence <> position THEN 'is opening number {position}: a share is missing or stands twice'
            WHEN kind = 'lucky' AND position = 1 AND (total_fen < shares OR total_fen > 20000 * shares)
                THEN 'comes from {total_fen} fen in {shares} shares, which cannot be divided'
            WHEN left_shares < 1 THEN 'was taken when no share was left'
            WHEN left_shares = 1 AND amount_fen <> left_fen THEN 'is the last and does not take the {left_fen} fen left'
            WHEN kind <> 'lucky' OR left_shares = 1 THEN NULL
            WHEN amount_fen < lower_fen THEN 'is below {lower_fen} fen ({left_fen} fen left in {left_shares} shares)'
            -- A draw is modulo the upper bound, hence below it, unless it was raised to the lower one. The upper bound is
            -- the least of 20000, left_fen - (left_shares - 1) and 2 * left_fen / left_shares, compared without dividing.
            WHEN amount_fen > lower_fen AND (
                amount_fen + 1 > 20000
                OR amount_fen + 1 > left_fen - (left_shares - 1)
                OR (amount_fen + 1) * left_shares > 2 * left_fen
            ) THEN 'is above what may be drawn ({left_fen} fen left in {left_shares} shares)'
        END AS fault
    FROM draws
)
SELECT
    packet AS subject,
    fault,
    ABS(amount_fen * left_shares - left_fen) AS badness,
    opened_us AS moment,
    person,
    sequence,
    amount_fen,
    position,
    left_fen,
    left_shares,
    lower_fen,
    total_fen,
    shares
FROM judged
WHERE fault IS NOT NULL

-- section: unsettled
SELECT opens.packet AS subject, 'has an opened share without sequence or amount' AS fault
FROM opens
WHERE opens.sequence IS NULL OR opens.amount_fen IS NULL
UNION ALL
SELECT opens.packet AS subject, 'was opened and has no kind, total or shares to replay from' AS fault
FROM opens
LEFT JOIN packets ON packets.packet = opens.packet
WHERE COALESCE(packets.kind, '') NOT IN ('lucky', 'equal') OR packets.total_fen IS NULL OR packets.shares IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM opens

-- section: canary
INSERT INTO packets (store, packet, sender, kind, total_fen, shares, state, tag)
VALUES ('canary', 'canary', 'canary-sender', 'lucky', 100, 3, 'paid', FALSE);
INSERT INTO opens (store, packet, person, sequence, amount_fen, remaining_fen, voucher, tag) VALUES
    ('canary', 'canary', 'canary-1', 1, 30, 70, 'canary-1', FALSE),
    ('canary', 'canary', 'canary-2', 2, 0, 70, 'canary-2', FALSE)

-- section: proof
SELECT 'packets' AS "table", * FROM packets WHERE packet = $subject ORDER BY store LIMIT 3;
SELECT 'opens' AS "table", * FROM opens
WHERE packet = $subject AND sequence <= $sequence ORDER BY sequence DESC, voucher LIMIT 5
