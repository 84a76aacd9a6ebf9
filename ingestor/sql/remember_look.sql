-- What was looked at, and what was found.
INSERT INTO swarm.audits (subject, epoch, seq, looked_at, result)
VALUES ({subject:String}, {epoch:UInt64}, {seq:UInt64}, now64(9, 'UTC'), {result:String})
