// Which keys do something now?
import { useState } from "react";
import { Dialog } from "../ui/Dialog";
import { type KeyBinding, keyStore } from "../ui/keys";
import styles from "./KeyHelp.module.css";

export function KeyHelp({ onClose }: { onClose: () => void }) {
  // As it was when this was opened: the page's, not the dialog's.
  const [groups] = useState(keysByGroup);
  return (
    <Dialog title="Keys" onClose={onClose} wide>
      <div className={styles.groups}>
        {groups.map(([group, bindings]) => (
          <section key={group} className={styles.group}>
            <h3>{group}</h3>
            <dl>
              {bindings.map((each) => (
                <div key={each.keys} className={styles.line}>
                  <dt>
                    <Strokes keys={each.keys} />
                  </dt>
                  <dd>{each.label}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function keysByGroup(): [string, KeyBinding[]][] {
  const groups = new Map<string, KeyBinding[]>();
  const seen = new Set<string>();
  for (const { bindings } of [...keyStore.getState().bound].reverse()) {
    for (const each of bindings) {
      if (seen.has(each.keys)) continue;
      seen.add(each.keys);
      const group = each.group ?? "On this page";
      groups.set(group, [...(groups.get(group) ?? []), each]);
    }
  }
  const order = ["On this page", "Time", "Everywhere", "Go to"];
  return [...groups].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
}

const NAMES: Record<string, string> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  Enter: "⏎",
  Mod: "Ctrl/⌘",
  Shift: "⇧",
};

export function Strokes({ keys }: { keys: string }) {
  return keys.split(" ").map((stroke, index) => (
    <span key={index} className={styles.stroke}>
      {(stroke === "+" ? [stroke] : stroke.split("+")).map((part) => (
        <kbd key={part}>{NAMES[part] ?? (part.length === 1 && stroke.includes("+") ? part.toUpperCase() : part)}</kbd>
      ))}
    </span>
  ));
}
