-- The policies, and from when until when each was in force.
SELECT
    epoch, seq,
    recorded_at AS in_force_from, -- when it was adopted
    until AS in_force_until, -- when the next was; NULL: it is in force
    policy_adopted.hash AS hash, -- SHA-256 of the file
    policy_adopted.text AS text, -- the file
    policy_adopted.warnings AS warnings, -- keys that were not known
    policy_adopted.max_cpu_pct AS max_cpu_pct, -- above it a machine is given less, and nothing where hard_stop is set; 0: the rules were not written out and forbid nothing
    policy_adopted.max_ram_pct AS max_ram_pct, -- above it dispatch is held
    policy_adopted.allow_unregistered_agents AS allow_unregistered_agents, -- whether those outside the registry get tasks
    policy_adopted.allowed_actions AS allowed_actions, -- patterns: * is any characters, ? is one
    policy_adopted.allowed_tiers AS allowed_tiers, -- safe, experimental, high; an unspecified tier is always allowed
    policy_adopted.max_open_tasks AS max_open_tasks, -- quota
    policy_adopted.max_claims_per_minute AS max_claims_per_minute, -- quota
    policy_adopted.hard_stop AS hard_stop, -- whether nothing is handed out above max_cpu_pct
    agent_role, -- who brought it
    agent_id, event_id
FROM
(
    SELECT
        *,
        leadInFrame(toNullable(recorded_at)) OVER (
            ORDER BY epoch, seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS until
    FROM
    (
        SELECT epoch, seq, recorded_at, agent_role, agent_id, event_id, policy_adopted
        FROM swarm.events
        WHERE heard AND payload_kind = 'policy_adopted'
    )
)
