// Can a person find out why something is as it is? From a line to the decision behind it, through a
// trace by keys, by a question of one's own.
import { createHash, randomUUID } from "node:crypto";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { base, launch, letIn, PATIENCE_MILLISECONDS, post } from "./browser";

const NAME = `shop/${randomUUID().slice(0, 8)}.py`;
const TEXT = "FREE_FROM = 50\nprint(FREE_FROM)\n";
const TRACE = randomUUID().replaceAll("-", "");
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
  const decision = randomUUID();
  const said = { timestamp: new Date().toISOString(), trace_id: TRACE, span_id: TRACE.slice(16), agent_role: "ROLE_CODER", agent_id: "history-coder" };
  await post("/api/events", [
    {
      ...{ ...said, event_id: decision },
      decision: { chosen_action: "write the limit down", rationale: "Nobody knows it.", rejected_alternatives: ["ask each time"], confidence_score: 0.7 },
    },
    {
      ...{ ...said, event_id: randomUUID(), causation_id: decision },
      state_change: {
        ...{ target_type: "FILE_SYSTEM", target_resource: NAME, previous_state_hash: "", workspace: "history" },
        new_state_hash: createHash("sha256").update(TEXT).digest("hex"),
        diff_patch: `--- /dev/null\n+++ b/${NAME}\n@@ -0,0 +1,2 @@\n+FREE_FROM = 50\n+print(FREE_FROM)\n`,
      },
    },
    { ...said, event_id: randomUUID(), causation_id: decision, action_outcome: { decision_event_id: decision, status: "OUTCOME_SUCCEEDED", cost_usd: 0.03 } },
  ]);
  // The pages read it from the tables, which are a moment behind the log.
  for (;;) {
    const told = (await (await fetch(`${base()}/api/events?trace=${TRACE}`)).json()) as { events?: unknown[] };
    if (told.events?.length === 3) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}, PATIENCE_MILLISECONDS);
afterAll(() => browser.close());

test("a line leads to its decision, to what was turned down, and to its trace", async () => {
  const { context, page, complaints } = await letIn(browser);
  await page.goto(`${base()}/ui/state/${encodeURIComponent(NAME)}?w=history&t=FILE_SYSTEM`);
  await page.getByRole("button", { name: /Why is line 2 so\?/ }).click();
  const card = page.getByRole("complementary", { name: "Line 2" });
  for (const text of ["write the limit down", "Nobody knows it.", "ask each time", "$0.03"]) await card.getByText(text).waitFor();
  await card.getByRole("link", { name: "The decision" }).click();
  await page.getByRole("complementary", { name: "Event" }).getByRole("heading", { name: "Turned down" }).waitFor();
  await page.keyboard.press("b");
  await page.getByText("Step 1 of 1").waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test("a trace is gone through by keys alone", async () => {
  const { context, page, complaints } = await letIn(browser);
  await page.goto(`${base()}/ui/trace/${TRACE}`);
  const grid = page.getByRole("treegrid");
  await grid.getByRole("row").nth(2).waitFor();
  await grid.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.getByRole("row", { selected: true }).waitFor();
  expect(await grid.getAttribute("aria-activedescendant")).toBe(await page.getByRole("row", { selected: true }).getAttribute("id"));
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowLeft");
  await page.getByRole("row", { expanded: false }).waitFor();
  expect(await grid.getByRole("row").count()).toBe(1);
  await page.keyboard.press("x");
  await page.getByRole("region", { name: "The trace as a graph" }).getByRole("button").nth(2).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test("SQL answers with links to events, and says why not", async () => {
  const { context, page, complaints } = await letIn(browser);
  await page.goto(`${base()}/ui/sql`);
  const ask = async (sql: string) => {
    await page.getByRole("textbox", { name: "SQL" }).fill(sql);
    await page.keyboard.press("Control+Enter");
  };
  await ask(`SELECT event_id FROM swarm.decisions WHERE trace_id = '${TRACE}'`);
  await page.getByRole("cell").getByRole("link").click();
  await page.getByRole("complementary", { name: "Event" }).getByText("Nobody knows it.").waitFor();
  await ask("DROP TABLE swarm.events");
  await page.getByRole("alert").getByText(/only reads/).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});
