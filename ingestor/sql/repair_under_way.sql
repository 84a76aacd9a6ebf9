-- Whether a repair was at work within the last seconds: it says so every few seconds, and when it ends.
SELECT count() FROM
(
    SELECT argMax(result, looked_at) AS said, max(looked_at) AS at FROM swarm.audits WHERE subject = 'repair'
)
WHERE said != '' AND at > now64(9, 'UTC') - toIntervalSecond({seconds:UInt32})
