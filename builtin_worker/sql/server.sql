-- What server is this, and for how long has it been up?
SELECT version() AS version, uptime() AS up_seconds
