(
    payload_kind IN (
        'tick_observed', 'leadership_taken', 'requests_taken', 'claim_requested', 'capacity_sampled', 'pulse_completed',
        'process_started', 'worker_registered', 'worker_heartbeat', 'worker_departed', 'system_signal', 'command_issued',
        'command_acknowledged'
    )
)
