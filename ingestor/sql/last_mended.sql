-- When damage was last found to be mended.
SELECT toUnixTimestamp64Nano(max(looked_at)) FROM swarm.audits WHERE subject = 'mended'
