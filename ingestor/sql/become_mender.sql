-- One number more than any repair had.
INSERT INTO swarm.menders (number, holder, taken_at)
SELECT ifNull(max(number), 0) + 1, {holder:String}, now64(9, 'UTC')
FROM swarm.menders
