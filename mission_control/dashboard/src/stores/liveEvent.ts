// What does one event of the stream say, in what a row shows?

export interface LiveEvent {
  readonly sequence: number;
  /** When it was recorded, in milliseconds. */
  readonly time: number;
  /** `payload_kind`; "unreadable" for a position that holds no event. */
  readonly kind: string;
  readonly role: string;
  readonly agent: string;
  readonly traceId: string;
  readonly eventId: string;
  readonly sentence: string;
  readonly isFailure: boolean;
}

interface Document {
  sequence: number;
  recorded_at: string;
  payload_kind: string | null;
  agent_role?: string;
  agent_id?: string;
  trace_id?: string;
  event_id?: string;
  sentence?: string;
  is_failure?: boolean;
  unreadable?: string;
}

/** One `data:` of `/api/live`; null for what is none. */
export function readLiveEvent(text: string): LiveEvent | null {
  try {
    return liveEventOf(JSON.parse(text) as Document);
  } catch {
    return null;
  }
}

/** As `/api/live` and `/api/events` have it. */
export function liveEventOf(document: Document): LiveEvent {
  return {
    sequence: document.sequence,
    time: Date.parse(document.recorded_at),
    kind: document.payload_kind ?? "unreadable",
    role: document.agent_role ?? "",
    agent: document.agent_id ?? "",
    traceId: document.trace_id ?? "",
    eventId: document.event_id ?? "",
    sentence: document.sentence ?? document.unreadable ?? "",
    isFailure: document.is_failure ?? document.payload_kind === null,
  };
}
