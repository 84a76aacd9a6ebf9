// Which events does a filter let through? `agent:coder-1 kind:decision timeout`: words that name a
// field, and words that stand anywhere. Pure.
import type { LiveEvent } from "../../stores/liveEvent";

export interface Filter {
  readonly agent: string;
  readonly role: string;
  readonly kind: string;
  /** In small letters. */
  readonly words: readonly string[];
}

export const FIELDS = ["agent", "role", "kind"] as const;
export type Field = (typeof FIELDS)[number];

function fieldOf(word: string): Field | undefined {
  return FIELDS.find((each) => word.startsWith(`${each}:`) && word.length > each.length + 1);
}

export function parseFilter(text: string): Filter {
  const found = { agent: "", role: "", kind: "", words: [] as string[] };
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const field = fieldOf(word);
    if (field === undefined) found.words.push(word.toLowerCase());
    else found[field] = word.slice(field.length + 1);
  }
  return found;
}

/** The same text with another value for a field; empty: without it. */
export function withField(text: string, field: Field, value: string): string {
  const others = text.split(/\s+/).filter((word) => word && fieldOf(word) !== field);
  return [...(value ? [`${field}:${value}`] : []), ...others].join(" ");
}

export function matches(filter: Filter, event: LiveEvent): boolean {
  if (filter.agent && event.agent !== filter.agent) return false;
  if (filter.role && event.role !== filter.role) return false;
  if (filter.kind && event.kind !== filter.kind) return false;
  if (filter.words.length === 0) return true;
  const text = `${event.sentence} ${event.agent} ${event.kind} ${event.traceId} ${event.eventId}`.toLowerCase();
  return filter.words.every((word) => text.includes(word));
}

export function isEmpty(filter: Filter): boolean {
  return !filter.agent && !filter.role && !filter.kind && filter.words.length === 0;
}
