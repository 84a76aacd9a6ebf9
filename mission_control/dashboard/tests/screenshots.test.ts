// How does every page look, light and dark, on a desk and on a phone? Written into GANGLION_PICTURES.
import { mkdirSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { base, launch, letIn } from "./browser";

const PAGES = {
  now: "now",
  live: "live",
  objectives: "objectives",
  tasks: "tasks",
  "tasks-graph": "tasks?as=graph",
  workers: "workers",
  incidents: "incidents",
  traces: "trace",
  state: "state",
  trends: "trends",
  sql: "sql",
  parked: "parked",
} as const;
const LOOKS = [
  { name: "light", scheme: "light", width: 1280, height: 800 },
  { name: "dark", scheme: "dark", width: 1280, height: 800 },
  { name: "phone-light", scheme: "light", width: 390, height: 844 },
  { name: "phone-dark", scheme: "dark", width: 390, height: 844 },
] as const;

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

for (const look of LOOKS)
  test(look.name, async () => {
    const folder = process.env["GANGLION_PICTURES"] ?? "pictures";
    mkdirSync(folder, { recursive: true });
    const { context, page } = await letIn(browser, look);
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(`${base()}/ui/${path}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.getByText(/^Fetching .* …$/).first().waitFor({ state: "detached" });
      await page.waitForTimeout(800); // for the strip's picture and charts: nothing says that they are drawn
      await page.screenshot({ path: `${folder}/${name}-${look.name}.png` });
    }
    await context.close();
  });
