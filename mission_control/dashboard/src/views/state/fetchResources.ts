// Which files and variables were there at a moment? All pages of the answer, within bounds.
import { ask } from "../ask";
import type { Resource } from "./answers";

export const MAX_RESOURCES = 10_000;
const PAGE = 1_000;

interface Page {
  readonly resources: readonly Resource[];
  readonly next_cursor: string | null;
}

export async function fetchResources(
  at: number | undefined,
  signal: AbortSignal,
): Promise<{ resources: readonly Resource[]; isCut: boolean }> {
  const resources: Resource[] = [];
  let cursor: string | null = "";
  while (cursor !== null && resources.length < MAX_RESOURCES) {
    const page: Page = await ask<Page>("/api/resources", { at, limit: PAGE, cursor }, signal);
    resources.push(...page.resources);
    cursor = page.next_cursor;
  }
  return { resources, isCut: cursor !== null };
}
