-- Runs of sequences without a row, between the first and the last of the epoch.
SELECT previous + 1 AS first, seq - 1 AS last
FROM
(
    SELECT seq, lagInFrame(seq, 1, seq) OVER (ORDER BY seq ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS previous
    FROM swarm.events
    WHERE epoch = {epoch:UInt64}
)
WHERE seq > previous + 1
ORDER BY first
LIMIT {listed:UInt64}
