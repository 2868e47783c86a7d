-- statement: the shares of a pool come to the pool, to the fen, for as many as it says; and what was credited for them too
-- needs: pools(pool, game, stage, pool_fen, winners), plays(game, occurrence, scene, rain, amount_fen), awards(scene, rain, amount_fen)
-- sentence: pool {subject} of {pool_fen} fen among {winners}: {fault}

-- section: violations
WITH shares AS (
    SELECT
        game,
        occurrence AS pool,
        stage,
        COALESCE(tag, FALSE) AS tag,
        scene,
        rain,
        SUM(amount_fen) AS shares_fen,
        COUNT(*) AS shares
    FROM plays
    GROUP BY game, occurrence, stage, COALESCE(tag, FALSE), scene, rain
),
credited AS (
    SELECT
        scene,
        rain,
        stage,
        COALESCE(tag, FALSE) AS tag,
        SUM(amount_fen) AS credited_fen
    FROM awards
    WHERE state = 'credited'
    GROUP BY scene, rain, stage, COALESCE(tag, FALSE)
),
divided AS (
    SELECT
        pools.pool,
        pools.game,
        pools.stage,
        COALESCE(pools.tag, FALSE) AS tag,
        pools.pool_fen,
        pools.winners,
        CAST(COALESCE(SUM(shares.shares), 0) AS BIGINT) AS shares,
        CAST(COALESCE(SUM(shares.shares_fen), 0) AS BIGINT) AS shares_fen,
        CAST(COALESCE(SUM(credited.credited_fen), 0) AS BIGINT) AS credited_fen
    FROM pools
    LEFT JOIN shares
        ON
            shares.game = pools.game
            AND shares.pool = pools.pool
            AND shares.stage = pools.stage
            AND shares.tag = COALESCE(pools.tag, FALSE)
    LEFT JOIN credited
        ON
            credited.scene = shares.scene
            AND credited.rain = shares.rain
            AND credited.stage = shares.stage
            AND credited.tag = shares.tag
    GROUP BY pools.pool, pools.game, pools.stage, COALESCE(pools.tag, FALSE), pools.pool_fen, pools.winners
)
SELECT
    pool AS subject,
    CASE
        WHEN shares <> winners THEN '{shares} have a share'
        WHEN shares_fen <> pool_fen THEN 'its shares come to {shares_fen} fen'
        ELSE '{credited_fen} fen were credited'
    END AS fault,
    CASE
        WHEN shares_fen <> pool_fen THEN ABS(shares_fen - pool_fen)
        ELSE ABS(credited_fen - pool_fen)
    END AS badness,
    game,
    stage,
    pool_fen,
    winners,
    shares,
    shares_fen,
    credited_fen
FROM divided
WHERE shares <> winners OR shares_fen <> pool_fen OR credited_fen <> pool_fen

-- section: examined
SELECT COUNT(*) AS examined FROM pools

-- section: canary
INSERT INTO pools (store, game, pool, stage, pool_fen, winners, tag) VALUES
    ('canary', 'canary', 'canary-1', 'live', 5, 2, FALSE);
INSERT INTO plays (store, person, game, occurrence, order_number, scene, rain, stage, amount_fen, state, tag) VALUES
    ('canary', 'canary-1', 'canary', 'canary-1', 'canary-1', 'canary', 'canary-1', 'live', 2, 'given', FALSE),
    ('canary', 'canary-2', 'canary', 'canary-1', 'canary-2', 'canary', 'canary-2', 'live', 2, 'given', FALSE);
INSERT INTO awards (store, order_number, person, scene, rain, award_type, stage, amount_fen, state, tag) VALUES
    ('canary', 'canary-1', 'canary-1', 'canary', 'canary-1', 'cash', 'live', 2, 'credited', FALSE),
    ('canary', 'canary-2', 'canary-2', 'canary', 'canary-2', 'cash', 'live', 2, 'credited', FALSE)

-- section: proof
SELECT 'pools' AS "table", * FROM pools WHERE pool = $subject AND game = $game AND stage = $stage ORDER BY store LIMIT 5;
SELECT 'plays' AS "table", * FROM plays
WHERE occurrence = $subject AND game = $game AND stage = $stage ORDER BY person, store LIMIT 10;
SELECT 'awards' AS "table", awards.* FROM awards
INNER JOIN plays ON plays.scene = awards.scene AND plays.rain = awards.rain AND plays.stage = awards.stage
WHERE plays.occurrence = $subject AND plays.game = $game ORDER BY awards.order_number, awards.store LIMIT 10
