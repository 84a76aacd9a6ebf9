-- To which other traces each event of the trace led, the first of them by name; of a cut trace, the events that are shown.
-- Nothing is indexed by causation_id: this reads that column of the whole table.
WITH shown AS
(
    SELECT event_id
    FROM swarm.events
    WHERE trace_id = {trace_id:String} AND disposition = 'stored'
    ORDER BY epoch, seq
    LIMIT {most:UInt64}
)
SELECT
    causation_id,
    trace_id AS other,
    uniqExact(event_id) AS events,
    count() OVER (PARTITION BY causation_id) AS traces
FROM swarm.events
WHERE disposition = 'stored' AND trace_id != {trace_id:String} AND causation_id IN shown
GROUP BY causation_id, trace_id
ORDER BY min((epoch, seq))
LIMIT {most_traces:UInt64} BY causation_id
