-- Which repair may fill: the highest number, and its holders.
SELECT number, groupUniqArray(holder) FROM swarm.menders GROUP BY number ORDER BY number DESC LIMIT 1
