// How did an incident stand at a moment? Pure.
import type { PastIncident } from "../../api/schema";
import { milliseconds } from "../../ui/format";

/** As far as it had gone then; none if it had not begun. `time` NaN: now. */
export function incidentAsOf(incident: PastIncident, time: number): PastIncident[] {
  if (Number.isNaN(time)) return [incident];
  const begin = milliseconds(incident.opened_at);
  if (begin > time) return [];
  if (incident.closed_at != null && milliseconds(incident.closed_at) <= time) return [incident];
  const timeline = (incident.timeline ?? []).filter((each) => begin + each.after_seconds * 1000 <= time);
  return [{ ...incident, closed_at: null, recovered: null, root_cause: "", timeline }];
}
