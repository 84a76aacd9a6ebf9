// Is this browser let in? The key behind `#` in the address that `ganglion up` prints is changed for
// a cookie, and taken out of the address.
import { createStore } from "zustand/vanilla";
import { api, take } from "./client";
import { ApiProblem, sentenceOf } from "./problem";

export type SessionState = "asking" | "open" | "closed" | "unreachable";

export interface Session {
  readonly state: SessionState;
  /** Why it is not open. */
  readonly why: string;
}

export const sessionStore = createStore<Session>(() => ({ state: "asking", why: "" }));

/** The key in a fragment; empty if there is none. */
export function keyIn(fragment: string): string {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("key") ?? "";
}

/** Use the key of the address, if there is one, and look whether one is let in. */
export async function openSession(): Promise<void> {
  const key = keyIn(location.hash);
  let why = "";
  if (key) {
    history.replaceState(null, "", location.pathname + location.search);
    try {
      await take(api.POST("/api/session", { body: { key } }));
    } catch (error) {
      why = sentenceOf(error);
    }
  }
  try {
    // The smallest answer for which one has to be let in.
    await take(api.GET("/tasks", { params: { query: { limit: 1 } } }));
    sessionStore.setState({ state: "open", why: "" });
  } catch (error) {
    noteProblem(error, why);
  }
}

/** Whoever met a problem says so here: a session may have ended meanwhile. */
export function noteProblem(error: unknown, why = ""): void {
  if (!(error instanceof ApiProblem)) return;
  if (error.isClosed) sessionStore.setState({ state: "closed", why: why || error.message });
  else if (error.status === 0 && sessionStore.getState().state !== "open")
    sessionStore.setState({ state: "unreachable", why: error.message });
}
