-- Parts that the engine set aside because it could not read them, or a repair did.
SELECT name, ifNull(reason, ''), ifNull(bytes_on_disk, 0), path
FROM system.detached_parts
WHERE database = 'swarm' AND table = 'events'
ORDER BY name
