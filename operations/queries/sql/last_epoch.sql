-- The life of the log that is being recorded.
SELECT epoch, toUnixTimestamp64Micro(argMin(stream_created, opened_at)) AS stream_created_at
FROM swarm.epochs
GROUP BY epoch
ORDER BY epoch DESC
LIMIT 1
