// What differs between two moments, as `GET /api/state?at=&diff=` has it; which values, in words?

import type { ChangedResource, DifferenceAnswer } from "../../api/schema";
import { moment, words } from "../../ui/format";
import { keyText } from "./answers";

export interface Field {
  readonly name: string;
  /** null: there was none. */
  readonly before: string | null;
  readonly after: string | null;
}

/** What a link to one of the events that did it says. */
export function eventText(event: Readonly<Record<string, unknown>>): { id: string; text: string } {
  const [id, kind, agent] = ["event_id", "payload_kind", "agent_id"].map((name) => text(event[name]) ?? "");
  return { id: id!, text: `${words(kind || "event")}${agent ? ` by ${agent}` : ""}` };
}

export interface ChangedFile {
  readonly way: DifferenceAnswer["way"];
  readonly resource: ChangedResource;
}

/** Which files and variables are another at the later moment, in its order; what is gone is one
 * without a hash. */
export function changedFiles(before: readonly ChangedResource[], after: readonly ChangedResource[]): ChangedFile[] {
  const known = new Map(before.map((each) => [keyText(each), each.state_hash]));
  return after.flatMap((resource) => {
    const was = known.get(keyText(resource)) ?? "";
    if (was === resource.state_hash) return [];
    return [{ way: was === "" ? "came" : resource.state_hash === "" ? "went" : "changed", resource }] as const;
  });
}

/** By section, in the order of the answer. */
export function grouped(differences: readonly DifferenceAnswer[]): [string, DifferenceAnswer[]][] {
  const groups = new Map<string, DifferenceAnswer[]>();
  for (const each of differences) {
    const group = groups.get(each.section);
    if (group === undefined) groups.set(each.section, [each]);
    else group.push(each);
  }
  return [...groups];
}

/** Of what changed, the values that differ; of what came or went, those that say something. */
export function fieldsOf(difference: DifferenceAnswer): Field[] {
  const before = difference.before ?? {};
  const after = difference.after ?? {};
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((name) => ({ name, before: text(before[name]), after: text(after[name]) }))
    .filter(({ before: was, after: is }) => was !== is);
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

function text(value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  if (Array.isArray(value)) return value.length === 0 ? null : value.map((each) => text(each) ?? "").join(", ");
  if (typeof value === "object") return JSON.stringify(value);
  if (typeof value === "string" && ISO_TIME.test(value)) return moment(Date.parse(value), Date.now());
  return value === true ? "yes" : value === false ? "no" : String(value);
}
