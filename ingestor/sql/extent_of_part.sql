-- Which positions a part has.
SELECT epoch, min(seq), max(seq) FROM swarm.events WHERE _part = {part:String} GROUP BY epoch ORDER BY epoch
