-- One number more than anyone had. Repeating it only raises the number again.
INSERT INTO swarm.writers (number, holder, taken_at, reading)
SELECT ifNull(max(number), 0) + 1, {holder:String}, now64(9, 'UTC'), {reading:String}
FROM swarm.writers
