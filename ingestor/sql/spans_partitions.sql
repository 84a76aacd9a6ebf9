-- Parts of time that the rows of spans are in, the newest first, and the bytes that they and all newer ones take.
SELECT partition_id, sum(sum(bytes_on_disk)) OVER (ORDER BY max(max_time) DESC, partition_id DESC)
FROM system.parts
WHERE database = 'swarm' AND table = 'span_rows' AND active
GROUP BY partition_id
ORDER BY max(max_time) DESC, partition_id DESC
