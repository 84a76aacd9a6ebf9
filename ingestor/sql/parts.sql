-- The parts of swarm.events, those first that were not read whole for longest.
SELECT name, bytes_on_disk, rows, toUnixTimestamp64Nano(ifNull(a.looked_at, toDateTime64(0, 9, 'UTC'))) AS looked_at
FROM system.parts AS p
LEFT JOIN
(
    SELECT substring(subject, 6) AS part, max(looked_at) AS looked_at
    FROM swarm.audits
    WHERE startsWith(subject, 'part ')
    GROUP BY part
) AS a ON a.part = p.name
WHERE p.database = 'swarm' AND p.table = 'events' AND p.active
ORDER BY looked_at, name
