// Does the dashboard work at all? What `make test` asks of it.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { base, decide, launch, letIn } from "./browser";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test("a decision is seen the moment it is made, as text whatever is in it", async () => {
  const { context, page, complaints } = await letIn(browser);
  await page.goto(`${base()}/ui/live`);
  await page.getByRole("list", { name: /Events/ }).waitFor();
  const hostile = `<img src=x onerror="document.title='ran'"> \u202egnp.exe \u001b[31mred`;
  await decide({ chosen: hostile, rationale: "somebody wrote this into a file", agent: "coder-hostile" });
  const row = page.getByRole("listitem").filter({ hasText: "coder-hostile" }).first();
  await row.waitFor();
  expect(await row.textContent()).toContain(`<img src=x onerror="document.title='ran'"> ⟨U+202E⟩gnp.exe ␛[31mred`);
  expect(await page.locator("main img").count()).toBe(0);
  expect(await page.title()).toBe("Ganglion mission control");
  expect(complaints).toEqual([]);
  await context.close();
});

test("the key is taken out of the address, and is good for one browser", async () => {
  const { context, page } = await letIn(browser);
  expect(page.url()).not.toContain("key");
  await page.getByText("Runs", { exact: true }).waitFor();
  const stranger = await browser.newContext();
  const other = await stranger.newPage();
  await other.goto(`${base()}/#key=guessed`);
  await other.getByRole("heading", { name: "Open this page by its own address" }).waitFor();
  expect(other.url()).not.toContain("guessed");
  await stranger.close();
  await context.close();
});

test("every page opens, by keys alone, and says nothing against itself", async () => {
  const { context, page, complaints } = await letIn(browser);
  await page.getByText("Runs", { exact: true }).waitFor();
  const pages = { n: "Now", l: "Live", o: "Objectives", k: "Tasks", w: "Workers", i: "Incidents", t: "Traces", s: "State", r: "Trends", q: "SQL", p: "Parked" };
  for (const [key, title] of Object.entries(pages)) {
    await page.locator("body").press("Escape");
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await page.getByText("Fetching the page …").waitFor({ state: "detached" });
    expect(await page.getByText("This page has a defect").count(), title).toBe(0);
  }
  expect(complaints).toEqual([]);
  await context.close();
});
