-- Whose awards a person's wallet shows: their own ever, and those of everybody in their family. They may be one person from
-- `maybe_ns` on, when the first of the merged brought a phone number; they surely are from `sure_ns` on, when each of the merged
-- had been told of it. NULL says that somebody never was told.
SELECT DISTINCT
    person,
    person AS other,
    CAST(NULL AS VARCHAR) AS holder,
    CAST(-1000000000000000000 AS BIGINT) AS maybe_ns,
    CAST(-1000000000000000000 AS BIGINT) AS sure_ns
FROM history
UNION ALL
SELECT one.person, other.person AS other, one.holder, moments.maybe_ns, moments.sure_ns
FROM families AS one
INNER JOIN families AS other ON other.holder = one.holder AND other.person <> one.person
INNER JOIN (
    SELECT
        families.holder,
        COALESCE(
            MIN(CASE WHEN families.person <> families.holder THEN told.asked_ns END), -1000000000000000000
        ) AS maybe_ns,
        CASE WHEN COUNT(told.told_ns) = COUNT(*) - 1 THEN MAX(told.told_ns) END AS sure_ns
    FROM families
    LEFT JOIN (
        SELECT
            person,
            MIN(sent_ns - clock_error_ns) AS asked_ns,
            MIN(CASE WHEN outcome = 'ok' AND subject <> person THEN done_ns + clock_error_ns END) AS told_ns
        FROM history
        WHERE operation = 'bind' AND COALESCE(outcome, 'info') <> 'fail'
        GROUP BY person
    ) AS told ON told.person = families.person
    GROUP BY families.holder
) AS moments ON moments.holder = one.holder
