// Which events stand before a position of the log? Read from the log itself, as the live stream is.
import { ApiProblem } from "../api/problem";
import { type LiveEvent, readLiveEvent } from "./liveEvent";

/** Of positions that are no longer on the log nothing comes: so long is waited for the next. */
const QUIET_MILLISECONDS = 2_000;

/** The last `count` positions up to this one, the oldest first. Throws ApiProblem. */
export function eventsUpTo(position: number, count: number, signal: AbortSignal): Promise<LiveEvent[]> {
  return new Promise((resolve, reject) => {
    const found: LiveEvent[] = [];
    const source = new EventSource(`/api/live?after=${Math.max(0, position - count)}`);
    let quiet = 0;
    const finish = () => {
      clearTimeout(quiet);
      source.close();
      resolve(found);
    };
    const wait = () => {
      clearTimeout(quiet);
      quiet = window.setTimeout(finish, QUIET_MILLISECONDS);
    };
    source.onopen = wait;
    source.addEventListener("event", (message: MessageEvent<string>) => {
      const event = readLiveEvent(message.data);
      if (event === null) return;
      if (event.sequence <= position) found.push(event);
      if (event.sequence >= position) finish();
      else wait();
    });
    source.onerror = () => {
      clearTimeout(quiet);
      source.close();
      reject(new ApiProblem(0, "mission control does not answer"));
    };
    signal.addEventListener("abort", () => {
      clearTimeout(quiet);
      source.close();
      reject(new DOMException("no longer wanted", "AbortError"));
    });
  });
}
