-- Everybody who was merged with others, each with the one that is nobody's alias; that one is among them.
SELECT person, holder FROM merges
UNION
SELECT holder AS person, holder FROM merges
