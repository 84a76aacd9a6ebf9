// Can a person do with the dashboard what it is there for? On a running mesh with its own worker.
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { base, decide, launch, letIn } from "./browser";

const PAGES = ["now", "live", "objectives", "tasks", "workers", "incidents", "trace", "state", "trends", "sql", "parked"];

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

async function settled(page: Page): Promise<void> {
  await page.getByText(/^Fetching .* …$/).first().waitFor({ state: "detached" });
}

test("somebody adds an objective, is told first what will follow, and sees it achieved", async () => {
  const { context, page } = await letIn(browser);
  await page.goto(`${base()}/ui/objectives`);
  await page.getByRole("button", { name: "Add an objective" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What is to be achieved").fill("look whether this machine is well");
  await dialog.getByLabel(/^Plan/).fill("diagnose");
  await dialog.getByRole("listitem").first().waitFor(); // what will follow
  await dialog.getByRole("button", { name: "Add an objective" }).click();
  await dialog.waitFor({ state: "detached" });
  const row = page.getByRole("listitem").filter({ hasText: "look whether this machine is well" }).first();
  await row.getByText("achieved", { exact: true }).waitFor();
  await row.getByRole("link").click();
  await page.getByRole("complementary").getByText("What came of it").waitFor();
  await context.close();
});

test("somebody halts the swarm, and lets it go on; both say who", async () => {
  const { context, page } = await letIn(browser);
  await page.getByRole("button", { name: "Halt" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Why/).fill("a person wants to look");
  await dialog.getByRole("listitem").first().waitFor();
  await dialog.getByRole("button", { name: "Halt" }).click();
  await page.getByRole("alert").getByText(/Stopped by .*/).waitFor();
  await page.getByRole("alert").getByText(/a person wants to look/).waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Halt" }).waitFor();
  await context.close();
});

test("one drags the playhead back, and every page shows that moment until one is live again", async () => {
  const { context, page } = await letIn(browser);
  await decide({ chosen: "something to come back to", rationale: "why not" });
  await page.goto(`${base()}/ui/live`);
  await page.getByRole("listitem").first().waitFor();
  const track = page.getByRole("slider", { name: "Moment that is shown" });
  const box = await track.boundingBox();
  if (box === null) throw new Error("the timeline is not there");
  await page.mouse.move(box.x + box.width - 1, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 20, { steps: 8 });
  await page.mouse.up();
  await page.getByText("Back to live").waitFor();
  const at = new URL(page.url()).searchParams.get("at");
  expect(Number(at)).toBeGreaterThan(0);
  // The newest that is shown is that one, or, if it is no longer on the log, one before it.
  const first = page.getByRole("listitem").first();
  await first.waitFor();
  await page.waitForFunction(
    (limit) => {
      const row = document.querySelector('[role="listitem"]')?.textContent ?? "";
      const position = Number(/^[\d,]+/.exec(row)?.[0].replaceAll(",", "").slice(0, String(limit).length));
      return position > 0 && position <= limit;
    },
    Number(at),
  );
  for (const name of PAGES) {
    await page.goto(`${base()}/ui/${name}?at=${at}`);
    await page.getByText("Back to live").waitFor();
  }
  await page.getByText("Back to live").click();
  await page.getByText("Back to live").waitFor({ state: "detached" });
  expect(page.url()).not.toContain("at=");
  await context.close();
});

test("steps and a replay move the playhead", async () => {
  const { context, page } = await letIn(browser);
  await page.getByText("Runs", { exact: true }).waitFor();
  const at = async () => Number(new URL(page.url()).searchParams.get("at"));
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL(/at=/);
  const one = await at();
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL((url) => Number(url.searchParams.get("at")) === one - 1);
  await page.goto(`${base()}/ui/now?at=1`);
  await page.getByText("Back to live").waitFor();
  await page.keyboard.press(" ");
  await page.waitForURL((url) => Number(url.searchParams.get("at") ?? Number.POSITIVE_INFINITY) > 1);
  await context.close();
});

test("the stream stands still while one reads, and counts truly what is new", async () => {
  const { context, page } = await letIn(browser);
  await page.goto(`${base()}/ui/live?q=agent%3Acoder-counted`);
  await page.getByRole("button", { name: "Hold" }).click();
  for (let each = 0; each < 3; each += 1) await decide({ chosen: `number ${each}`, rationale: "counted", agent: "coder-counted" });
  await page.getByRole("button", { name: "3 new" }).click();
  await page.getByRole("listitem").filter({ hasText: "number 2" }).waitFor();
  expect(await page.getByRole("listitem").count()).toBe(3);
  await context.close();
});

test("a search goes over everything that was recorded", async () => {
  const { context, page } = await letIn(browser);
  const word = `needle${Date.now()}`;
  await decide({ chosen: word, rationale: "to be found again" });
  await page.goto(`${base()}/ui/live`);
  await page.keyboard.press("/");
  await page.keyboard.type(word);
  await page.keyboard.press("Enter");
  // Until ClickHouse has it.
  for (;;) {
    const row = page.getByRole("listitem").filter({ hasText: word });
    await row.or(page.getByText("Nothing on record says so")).first().waitFor();
    if ((await row.count()) > 0) break;
    await page.reload();
  }
  await context.close();
});

test("without a mouse one finds the keys, a command, and copies the link", async () => {
  const { context, page } = await letIn(browser);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByText("Runs", { exact: true }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).getByText("Copy the link to what is shown").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and commands" }).waitFor();
  await page.keyboard.type("workers");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Workers" }).waitFor();
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.keyboard.press("y");
  await page.getByText("Copied the link to this moment").waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${base()}/ui/workers`);
  await context.close();
});

test("on a phone everything is reached and nothing stands over the edge", async () => {
  const { context, page } = await letIn(browser, { width: 360, height: 740 });
  for (const name of PAGES) {
    await page.goto(`${base()}/ui/${name}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await settled(page);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over, name).toBeLessThanOrEqual(0);
  }
  await page.getByRole("button", { name: "Pages" }).click();
  await page.getByRole("dialog").getByRole("link", { name: /Now/ }).click();
  await page.getByRole("heading", { level: 1, name: "Now" }).waitFor();
  await page.getByText("Runs", { exact: true }).waitFor();
  await context.close();
});

for (const scheme of ["light", "dark"] as const)
  test(`nothing keeps somebody out who sees or moves otherwise (${scheme})`, async () => {
    const { context, page } = await letIn(browser, { scheme });
    const found: string[] = [];
    for (const name of PAGES) {
      await page.goto(`${base()}/ui/${name}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await settled(page);
      // In a world of its own: the page's policy lets nothing in.
      const client = await context.newCDPSession(page);
      const { frameTree } = await client.send("Page.getFrameTree");
      const world = await client.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
      const run = (expression: string) =>
        client.send("Runtime.evaluate", { expression, contextId: world.executionContextId, awaitPromise: true, returnByValue: true });
      await run(axe.source);
      const told = await run("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)");
      const violations = told.result.value as { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[];
      for (const each of violations)
        if (each.impact === "serious" || each.impact === "critical")
          found.push(`${name}: ${each.id}: ${each.nodes[0]?.target.join(" ")}: ${each.nodes[0]?.failureSummary}`);
      await client.detach();
    }
    expect(found).toEqual([]);
    await context.close();
  });
