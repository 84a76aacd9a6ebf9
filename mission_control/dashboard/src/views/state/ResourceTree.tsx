// Which files and variables were there at the playhead?
import { useEffect, useMemo, useState } from "react";
import type { ChangedResource } from "../../api/schema";
import { go, useAddress } from "../../stores/address";
import { count, counted, milliseconds } from "../../ui/format";
import { visibleLine } from "../../ui/hostile";
import { useKeys } from "../../ui/keys";
import { Empty } from "../../ui/Note";
import { Panel } from "../../ui/Panel";
import { RowPool } from "../../ui/RowPool";
import { Line } from "../../ui/Text";
import { Ago } from "../../ui/Time";
import { keyText, type ResourceKey } from "./answers";
import styles from "./State.module.css";
import { treeRows, type TreeRow } from "./tree";

const KEYS = "Files and variables";

export function ResourceTree(props: { resources: readonly ChangedResource[]; isCut: boolean; chosen: ResourceKey | null }) {
  const { resources, isCut, chosen } = props;
  const q = useAddress((address) => address.q);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState(-1);
  const rows = useMemo(() => {
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    const found = resources.filter((each) => words.every((word) => each.name.toLowerCase().includes(word)));
    return treeRows(found, toggled);
  }, [resources, q, toggled]);
  const chosenKey = chosen === null ? "" : keyText(chosen);
  useEffect(() => {
    if (chosenKey) setCursor(rows.findIndex((row) => row.key === chosenKey));
    // Not when rows fold: only another choice moves the cursor.
  }, [chosenKey]);

  const toggle = (row: TreeRow) =>
    setToggled((before) => {
      const after = new Set(before);
      if (!after.delete(row.key)) after.add(row.key);
      return after;
    });
  const act = (row: TreeRow | undefined) => {
    if (row?.resource) open(row.resource);
    else if (row) toggle(row);
  };
  const fold = (isOpen: boolean) => {
    const row = rows[cursor];
    if (row && !row.resource && row.isOpen !== isOpen) toggle(row);
    else if (row && !isOpen) setCursor(rows.findLastIndex((each, at) => at < cursor && each.depth < row.depth));
  };
  useKeys([
    { keys: "j", label: "Next row", group: KEYS, run: () => setCursor((at) => Math.min(rows.length - 1, at + 1)) },
    { keys: "k", label: "Row before", group: KEYS, run: () => setCursor((at) => Math.max(0, at - 1)) },
    { keys: "h", label: "Fold", group: KEYS, run: () => fold(false) },
    { keys: "l", label: "Unfold", group: KEYS, run: () => fold(true) },
    { keys: "Enter", label: "Open it", group: KEYS, run: () => act(rows[cursor]) },
    { keys: "/", label: "Find by name", group: KEYS, run: () => document.getElementById("resource-words")?.focus() },
  ]);
  return (
    <Panel title="Files and variables" aside={isCut ? `the first ${count(resources.length)}` : count(resources.length)} flush className={styles.tree}>
      <input
        id="resource-words"
        type="search"
        className={styles.words}
        placeholder="Find by name  /"
        aria-label="Find files and variables by name"
        value={q}
        onChange={(event) => go({ q: event.target.value }, { replace: true })}
      />
      <div className={styles.rows}>
        <RowPool
          count={rows.length}
          rowHeight={28}
          label="Files and variables"
          cursor={cursor}
          keyOf={(at) => rows[at]!.key}
          row={(at) => <Row row={rows[at]!} isChosen={rows[at]!.key === chosenKey} onAct={() => act(rows[at])} />}
        />
      </div>
      {rows.length === 0 && <Empty title="No name has these words" />}
    </Panel>
  );
}

function open(resource: ChangedResource): void {
  go({ id: resource.name, more: { w: resource.workspace, t: resource.type } });
}

function Row({ row, isChosen, onAct }: { row: TreeRow; isChosen: boolean; onAct: () => void }) {
  const { resource } = row;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={styles.treeRow}
      style={{ paddingInlineStart: 12 + row.depth * 14 }}
      aria-expanded={resource ? undefined : row.isOpen}
      aria-current={isChosen || undefined}
      data-gone={resource?.state_hash === "" || undefined}
      onClick={onAct}
    >
      <span className={resource ? styles.leaf : styles.folder} aria-hidden="true" />
      <Line text={row.label} />
      {resource ? (
        <span className={styles.faint} title={`${visibleLine(resource.agent_id)}, ${counted(resource.steps, "step")}`}>
          {resource.state_hash === "" ? "removed" : <Ago time={milliseconds(resource.changed_at)} />}
        </span>
      ) : (
        <span className={styles.faint}>{count(row.count)}</span>
      )}
    </button>
  );
}
