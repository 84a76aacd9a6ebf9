// Which files and variables were there at a moment? All pages of the answer, within bounds.
import { api, take } from "../../api/client";
import type { ChangedResource, ResourcePageAnswer } from "../../api/schema";

export const MAX_RESOURCES = 10_000;
const PAGE = 1_000;

export async function fetchResources(
  at: number | string | undefined,
  signal: AbortSignal,
): Promise<{ resources: readonly ChangedResource[]; isCut: boolean }> {
  const resources: ChangedResource[] = [];
  let cursor: string | null = "";
  while (cursor !== null && resources.length < MAX_RESOURCES) {
    const query = { limit: PAGE, cursor, ...atOf(at) };
    const page: ResourcePageAnswer = await take(api.GET("/api/resources", { params: { query }, signal }));
    resources.push(...page.resources);
    cursor = page.next_cursor;
  }
  return { resources, isCut: cursor !== null };
}

/** As the routes want a moment: a position, a time; nothing: now. */
export function atOf(position: number | string | undefined): { at?: string } {
  return position === undefined ? {} : { at: String(position) };
}
