// How does a test open the dashboard of the mesh that is named in its environment, as a person would?
import { readFileSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

export const PATIENCE_MILLISECONDS = 300_000;

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: tests/dashboard in the repository starts this`);
  return value;
}

export const base = (): string => given("GANGLION_PAGE");

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: given("GANGLION_CHROMIUM"),
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
}

/** A browser that is let in, and what its pages complained of. */
export async function letIn(browser: Browser, look: Look = {}): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
    colorScheme: look.scheme ?? "light",
    deviceScaleFactor: (look.width ?? 1280) < 600 ? 2 : 1,
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(PATIENCE_MILLISECONDS);
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // What was refused is said by the page itself, and tested where it matters.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  const key = readFileSync(given("GANGLION_KEY"), "utf8");
  await page.goto(`${base()}/#key=${key}`);
  await page.locator("#page").waitFor();
  return { context, page, complaints };
}

let said = 0;

/** An agent of the mesh decides something. */
export async function decide(what: { chosen: string; rationale: string; agent?: string }): Promise<void> {
  said += 1;
  const id = `00000000-0000-4000-8000-${Date.now().toString(16).padStart(11, "0").slice(-11)}${(said % 16).toString(16)}`;
  const event = {
    event_id: id,
    timestamp: new Date().toISOString(),
    trace_id: id.replaceAll("-", ""),
    span_id: id.replaceAll("-", "").slice(16),
    agent_role: "ROLE_CODER",
    agent_id: what.agent ?? "coder-1",
    decision: { rationale: what.rationale, chosen_action: what.chosen, confidence_score: 0.8 },
  };
  await post("/api/events", event);
}

/** As a program on this machine. */
export async function post(path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(base() + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const told: unknown = await answer.json();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(told)}`);
  return told;
}
