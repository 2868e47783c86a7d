-- statement: no process ever had more opens of one packet in the database at once than its cap, so that the
--   processes of a region together never had more than the sum of their caps
-- needs: samples(process, packet, inside, cap)
-- sentence: process {process} had {inside} opens of packet {subject} in the database at once, and may have {cap}

-- section: violations
SELECT
    packet AS subject,
    inside - cap AS badness,
    at_us AS moment,
    process,
    inside,
    cap
FROM samples
WHERE packet IS NOT NULL AND inside > cap

-- section: unsettled
SELECT
    COALESCE(packet, 'unknown') AS subject,
    'has a sample that does not say whose it is, how many opens were inside, or how many may be' AS fault
FROM samples
WHERE packet IS NULL OR process IS NULL OR inside IS NULL OR cap IS NULL

-- section: examined
SELECT COUNT(*) AS examined FROM samples

-- section: canary
INSERT INTO samples (store, process, packet, inside, cap, at_us) VALUES
    ('canary', 'canary-1', 'canary', 5, 4, 1),
    ('canary', 'canary-2', 'canary', 4, 4, 1)

-- section: proof
SELECT 'samples' AS "table", * FROM samples WHERE packet = $subject ORDER BY process, store LIMIT 10
