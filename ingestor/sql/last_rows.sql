-- The last position of each epoch that has one: in the table, or remembered.
SELECT epoch, max(seq) FROM
(
    SELECT epoch, max(seq) AS seq FROM swarm.events GROUP BY epoch
    UNION ALL
    SELECT epoch, max(seq) AS seq FROM swarm.watermarks GROUP BY epoch
)
GROUP BY epoch
ORDER BY epoch
