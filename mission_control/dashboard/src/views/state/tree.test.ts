import { describe, expect, it } from "vitest";
import type { ChangedResource, DifferenceAnswer } from "../../api/schema";
import { changedFiles, eventText, fieldsOf, grouped } from "./difference";
import { MAX_OPEN, treeRows } from "./tree";

function resource(name: string, change: Partial<ChangedResource> = {}): ChangedResource {
  return {
    workspace: "w", name, type: "FILE_SYSTEM", steps: 1, state_hash: "h",
    changed_at: "2026-11-30T12:00:00Z", agent_id: "a", agent_role: "coder", event_id: "e", epoch: 1, position: 1, ...change,
  };
}

function drawn(resources: ChangedResource[], toggled: string[] = []): string[] {
  return treeRows(resources, new Set(toggled)).map((row) => `${"  ".repeat(row.depth)}${row.label}${row.resource ? "" : ` (${row.count})`}`);
}

describe("the tree", () => {
  it("has folders of one folder in one row, folders first, and kinds apart", () => {
    expect(drawn([resource("README"), resource("src/a/b/x.py"), resource("src/a/b/y.py"), resource("PATH", { type: "ENV_VAR" })])).toEqual([
      "w (4)", "  src/a/b (2)", "    x.py", "    y.py", "  variables (1)", "    PATH", "  README",
    ]);
  });

  it("keeps workspaces apart, also that without a name", () => {
    expect(drawn([resource("x"), resource("x", { workspace: "" })])).toEqual(["no workspace (1)", "  x", "w (1)", "  x"]);
  });

  it("takes whatever a name is", () => {
    for (const name of ["/", "a//b/", "__proto__/constructor", "", "../..", "a\nb"]) {
      expect(treeRows([resource(name)], new Set()).filter((row) => row.resource)).toHaveLength(1);
    }
  });

  it("closes and opens folders; of very many only the outermost are open", () => {
    const rows = treeRows([resource("src/x"), resource("y")], new Set());
    expect(drawn([resource("src/x"), resource("y")], [rows[1]!.key])).toEqual(["w (2)", "  src (1)", "  y"]);
    const many = Array.from({ length: MAX_OPEN + 1 }, (_, at) => resource(`src/${at}`));
    expect(drawn(many)).toEqual(["w (201)", "  src (201)"]);
  });
});

describe("a difference", () => {
  const difference: DifferenceAnswer = {
    section: "tasks", id: "t", way: "changed", events: [], events_left_out: 0,
    before: { status: "waits", attempt: 1, waits_for: [], draining: false },
    after: { status: "claimed", attempt: 1, waits_for: ["a", "b"], draining: true, worker_id: "w" },
  };
  it("names the values that differ", () => {
    expect(fieldsOf(difference)).toEqual([
      { name: "status", before: "waits", after: "claimed" },
      { name: "waits_for", before: null, after: "a, b" },
      { name: "draining", before: "no", after: "yes" },
      { name: "worker_id", before: null, after: "w" },
    ]);
  });
  it("of files is told by their hashes", () => {
    const before = [resource("same"), resource("edited"), resource("removed"), resource("back", { state_hash: "" })];
    const after = [
      ...[resource("same"), resource("edited", { state_hash: "i" }), resource("removed", { state_hash: "" })],
      ...[resource("back"), resource("new"), resource("came and went", { state_hash: "" }), resource("same", { workspace: "other" })],
    ];
    expect(changedFiles(before, after).map(({ way, resource: { name } }) => `${way} ${name}`)).toEqual([
      ...["changed edited", "went removed", "came back", "came new", "came same"],
    ]);
  });

  it("shows times as clocks do", () => {
    const at = (added_at: string) => ({ ...difference, before: null, after: { added_at } });
    const [field] = fieldsOf(at("2024-03-05T10:00:00.123456Z"));
    expect(field!.after).toMatch(/^\d+ Mar 2024 \d\d:\d\d:00$/);
    expect(fieldsOf(at("2024-03-05"))[0]!.after).toBe("2024-03-05");
  });

  it("names the events that did it by kind and agent", () => {
    expect(eventText({ event_id: "e", payload_kind: "task_claimed", agent_id: "w" })).toEqual({ id: "e", text: "task claimed by w" });
    expect(eventText({ event_id: "e", payload_kind: null })).toEqual({ id: "e", text: "event" });
  });

  it("stands with those of its section", () => {
    expect(grouped([difference, { ...difference, section: "mode" }, { ...difference, id: "u" }]).map(([name, all]) => [name, all.length])).toEqual([["tasks", 2], ["mode", 1]]);
  });
});
