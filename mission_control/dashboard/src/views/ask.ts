// How is a route asked that the interface does not describe yet?
import { ApiProblem, problemOf } from "../api/problem";

export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** What was answered. Throws ApiProblem. */
export async function ask<T>(path: string, parameters: Parameters, signal?: AbortSignal): Promise<T> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return send<T>(text ? `${path}?${text}` : path, { signal: signal ?? null });
}

/** The same with a body. */
export async function tell<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  return send<T>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Ganglion-Request": "1", ...headers },
    body: JSON.stringify(body),
  });
}

async function send<T>(address: string, how: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(address, how);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem(0, "mission control does not answer");
  }
  const body: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw problemOf(answer.status, body);
  return body as T;
}
