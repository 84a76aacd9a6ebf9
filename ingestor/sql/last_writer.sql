-- Who may write: the highest number, and its holders (two that took over in the same instant share one).
SELECT number, groupUniqArray(holder) FROM swarm.writers GROUP BY number ORDER BY number DESC LIMIT 1
