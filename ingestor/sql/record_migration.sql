-- After the last statement of a migration has succeeded.
INSERT INTO swarm.migrations (number, name, checksum, applied_at)
SELECT {number:UInt32}, {name:String}, {checksum:String}, now64(9, 'UTC')
