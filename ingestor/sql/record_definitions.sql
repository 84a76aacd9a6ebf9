-- After the last statement of each has succeeded; without a checksum: it is no more.
INSERT INTO swarm.definitions (name, checksum, version, applied_at)
SELECT made.1, made.2, {version:String}, now64(9, 'UTC')
FROM (SELECT arrayJoin(arrayZip({names:Array(String)}, {checksums:Array(String)})) AS made)
