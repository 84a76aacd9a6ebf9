# Generated from the .proto file beside it by `make contracts`. Do not edit.
from enchanted.events.v1.action_outcome_pb2 import ActionOutcome
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.checkpoint_pb2 import CheckpointMade
from enchanted.events.v1.checkpoint_pb2 import RollbackOrdered
from enchanted.events.v1.command_pb2 import CommandAcknowledged
from enchanted.events.v1.command_pb2 import CommandIssued
from enchanted.events.v1.incident_pb2 import CircuitOpened
from enchanted.events.v1.incident_pb2 import IncidentClosed
from enchanted.events.v1.incident_pb2 import IncidentEscalated
from enchanted.events.v1.incident_pb2 import IncidentOpened
from enchanted.events.v1.incident_pb2 import RecoveryAttempted
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.leadership_pb2 import RequestsTaken
from enchanted.events.v1.leadership_pb2 import TickObserved
from enchanted.events.v1.objective_pb2 import ObjectiveAdded
from enchanted.events.v1.objective_pb2 import ObjectiveApproved
from enchanted.events.v1.objective_pb2 import ObjectiveFinished
from enchanted.events.v1.objective_pb2 import ObjectivePlanned
from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.objective_pb2 import ObjectiveRejected
from enchanted.events.v1.policy_pb2 import CharterAdopted
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.policy_pb2 import RegistryAdopted
from enchanted.events.v1.process_pb2 import ProcessExited
from enchanted.events.v1.process_pb2 import ProcessStarted
from enchanted.events.v1.pulse_pb2 import DispatchHeld
from enchanted.events.v1.pulse_pb2 import DispatchResumed
from enchanted.events.v1.pulse_pb2 import HaltLifted
from enchanted.events.v1.pulse_pb2 import HaltOrdered
from enchanted.events.v1.pulse_pb2 import PulseCompleted
from enchanted.events.v1.pulse_pb2 import SystemModeChanged
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.station_pb2 import TaskImported
from enchanted.events.v1.station_pb2 import TaskStatusImported
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from enchanted.events.v1.task_pb2 import TaskAcknowledged
from enchanted.events.v1.task_pb2 import TaskCancelled
from enchanted.events.v1.task_pb2 import TaskClaimed
from enchanted.events.v1.task_pb2 import TaskCompleted
from enchanted.events.v1.task_pb2 import TaskExpired
from enchanted.events.v1.task_pb2 import TaskFailed
from enchanted.events.v1.task_pb2 import TaskProgressed
from enchanted.events.v1.task_pb2 import TaskQuarantined
from enchanted.events.v1.task_pb2 import TaskRejected
from enchanted.events.v1.task_pb2 import TaskReleased
from enchanted.events.v1.task_pb2 import TaskSubmitted
from enchanted.events.v1.task_request_pb2 import ClaimRequested
from enchanted.events.v1.task_request_pb2 import ProgressReported
from enchanted.events.v1.task_request_pb2 import ReleaseRequested
from enchanted.events.v1.task_request_pb2 import ResultArrivedLate
from enchanted.events.v1.task_request_pb2 import ResultReported
from enchanted.events.v1.task_request_pb2 import TaskOrdered
from enchanted.events.v1.task_request_pb2 import TasksProposed
from enchanted.events.v1.worker_pb2 import WorkerDeparted
from enchanted.events.v1.worker_pb2 import WorkerHeartbeat
from enchanted.events.v1.worker_pb2 import WorkerLost
from enchanted.events.v1.worker_pb2 import WorkerRegistered

Payload = (
    AgentDecision
    | StateChange
    | SystemSignal
    | ActionOutcome
    | CapacitySampled
    | LeadershipTaken
    | TickObserved
    | ProcessStarted
    | ProcessExited
    | AlarmRaised
    | TaskSubmitted
    | TaskRejected
    | TaskClaimed
    | TaskProgressed
    | TaskReleased
    | TaskCompleted
    | TaskFailed
    | TaskCancelled
    | TaskExpired
    | TaskQuarantined
    | TaskAcknowledged
    | TasksProposed
    | ClaimRequested
    | ProgressReported
    | ResultReported
    | ResultArrivedLate
    | ReleaseRequested
    | TaskOrdered
    | ObjectiveProposed
    | ObjectiveAdded
    | ObjectiveRejected
    | ObjectivePlanned
    | ObjectiveApproved
    | ObjectiveFinished
    | WorkerRegistered
    | WorkerHeartbeat
    | WorkerDeparted
    | WorkerLost
    | PolicyAdopted
    | RegistryAdopted
    | CharterAdopted
    | PulseCompleted
    | DispatchHeld
    | DispatchResumed
    | SystemModeChanged
    | HaltOrdered
    | HaltLifted
    | CommandIssued
    | CommandAcknowledged
    | IncidentOpened
    | RecoveryAttempted
    | IncidentEscalated
    | IncidentClosed
    | CircuitOpened
    | RequestsTaken
    | TaskImported
    | TaskStatusImported
    | CheckpointMade
    | RollbackOrdered
)
