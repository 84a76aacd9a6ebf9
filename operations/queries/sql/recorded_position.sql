-- A position, of an epoch, or by 0 of the last life of the log that has it.
WITH
    (SELECT max(epoch) FROM swarm.epochs WHERE first_seq <= {position:UInt64} OR forked_from_seq = 0) AS current
SELECT e.epoch AS epoch, e.seq AS position, toUnixTimestamp64Micro(e.recorded_at) AS recorded_at
FROM swarm.events AS e
WHERE e.epoch = if({epoch:UInt32} = 0, current, {epoch:UInt32}) AND e.seq = {position:UInt64}
LIMIT 1
