// What came back from a question: which column leads somewhere, how wide is each, how does a value read?
import type { SqlAnswerDocument } from "../../api/schema";
import type { Address } from "../../stores/address";

export type Asked = Pick<SqlAnswerDocument, "columns" | "rows" | "truncated" | "seconds">;

const EVENTS = /^(?:event_id|causation_id|decision_event_id|cause_event_id|.*_event_id)$/;
const TRACES = /^(?:trace_id|.*_trace_id)$/;

/** Where a value leads; null: nowhere. */
export function leadsTo(column: string, value: unknown): Partial<Address> | null {
  if (typeof value !== "string" || value === "") return null;
  if (EVENTS.test(column)) return { sel: value };
  if (TRACES.test(column)) return { view: "trace", id: value };
  return null;
}

export function isNumber(type: string): boolean {
  return /^(?:Nullable\(|LowCardinality\()*(?:U?Int\d|Float|Decimal)/.test(type);
}

/** As text; null for NULL. */
export function cellText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const SAMPLE = 200;
const MIN_CHARACTERS = 6;
const MAX_CHARACTERS = 56;

/** The width of each column in characters, by its name and the first rows. */
export function widthsOf(asked: Asked): number[] {
  return asked.columns.map(({ name }, column) => {
    let widest = name.length;
    for (const row of asked.rows.slice(0, SAMPLE)) widest = Math.max(widest, cellText(row[column])?.length ?? 4);
    return Math.min(MAX_CHARACTERS, Math.max(MIN_CHARACTERS, widest));
  });
}

/** Tab-separated, with a heading, as spreadsheets take it: what they would compute is text. */
export function asText(asked: Asked): string {
  const line = (values: readonly (string | null)[]) => values.map((each) => plain(each ?? "")).join("\t");
  return [line(asked.columns.map(({ name }) => name)), ...asked.rows.map((row) => line(row.map(cellText)))].join("\n");
}

function plain(text: string): string {
  const flat = text.replace(/[\t\r\n]+/g, " ");
  return /^[=+@]|^-(?![\d.])/.test(flat) ? `'${flat}` : flat;
}
