// How is mission control asked? Typed by its own OpenAPI document: a route or a field that is not
// there does not compile.
import createClient from "openapi-fetch";
import { ApiProblem, problemOf } from "./problem";
import type { paths } from "./schema";

/** `api.GET("/tasks", {params: {query: {…}}})`; hand its result to `take`. */
export const api = createClient<paths>({
  baseUrl: "/",
  // Chosen when asked, so that tests may put another one in.
  fetch: (request) => fetch(request),
  // No form of another page can send it.
  headers: { "Ganglion-Request": "1" },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was answered. Throws ApiProblem. */
export async function take<T>(asked: Promise<Answer<T>>): Promise<NonNullable<T>> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem(0, "mission control does not answer");
  }
  if (!answer.response.ok) throw problemOf(answer.response.status, answer.error);
  return (answer.data ?? ({} as T)) as NonNullable<T>;
}

/** For `Idempotency-Key`: what is sent twice with one is done once. Not `randomUUID`, which
 * browsers have on secure pages only. */
export function newRequestKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
}
