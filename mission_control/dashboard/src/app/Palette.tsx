// What can be done, and where can one go? Type a part of it.
import { type KeyboardEvent, useId, useState } from "react";
import { type Act, addObjective, addTask, halt, resume } from "../acts/acts";
import { go } from "../stores/address";
import { at } from "../stores/playhead";
import { Dialog } from "../ui/Dialog";
import { type KeyBinding, keyStore } from "../ui/keys";
import { Strokes } from "./KeyHelp";
import styles from "./Palette.module.css";
import { rank } from "./rank";

interface Entry {
  readonly label: string;
  readonly group: string;
  readonly keys: string;
  readonly run: () => void;
}

const MAX_SHOWN = 40;

export function Palette({ onClose, onAct }: { onClose: () => void; onAct: (act: Act) => void }) {
  const [text, setText] = useState("");
  const [cursor, setCursor] = useState(0);
  const [known] = useState(() => [...acts(onAct), ...entries()]);
  const id = useId();
  const found = [...rank(known, text, (each) => each.label).slice(0, MAX_SHOWN), ...searches(text)];
  const chosen = Math.min(cursor, Math.max(0, found.length - 1));
  const run = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onClose();
    // When the dialog is gone: what is run may open another one.
    setTimeout(entry.run);
  };
  const steer = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined) setCursor((chosen + step + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter") run(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Search and commands" onClose={onClose} bare>
      <input
        className={styles.input}
        autoFocus
        value={text}
        placeholder="Go to a page, do something, search the log …"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}list`}
        aria-activedescendant={`${id}${chosen}`}
        aria-label="Search and commands"
        onChange={(event) => {
          setText(event.target.value);
          setCursor(0);
        }}
        onKeyDown={steer}
      />
      <ul id={`${id}list`} role="listbox" className={styles.list} aria-label="Commands">
        {found.map((each, index) => (
          <li
            key={`${each.group} ${each.label}`}
            id={`${id}${index}`}
            role="option"
            aria-selected={index === chosen}
            className={styles.entry}
            ref={index === chosen ? (element) => element?.scrollIntoView({ block: "nearest" }) : undefined}
            onPointerMove={() => setCursor(index)}
            onClick={() => run(each)}
          >
            <span>{each.label}</span>
            <span className={styles.group}>{each.group}</span>
            {each.keys && <Strokes keys={each.keys} />}
          </li>
        ))}
        {found.length === 0 && <li className={styles.none}>Nothing is called so.</li>}
      </ul>
    </Dialog>
  );
}

/** What an operator does, whichever page is open. */
function acts(onAct: (act: Act) => void): Entry[] {
  if (at() !== null) return [];
  return [addObjective, addTask, halt, resume].map((act) => ({
    label: act.title,
    group: "Act",
    keys: "",
    run: () => onAct(act),
  }));
}

/** All that keys do now. */
function entries(): Entry[] {
  const found = new Map<string, Entry>();
  for (const { bindings } of [...keyStore.getState().bound].reverse()) {
    for (const each of bindings) {
      if (!found.has(each.keys) && each.keys !== "Mod+k") found.set(each.keys, entryOf(each));
    }
  }
  return [...found.values()];
}

function entryOf(binding: KeyBinding): Entry {
  const group = binding.group ?? "On this page";
  return { label: binding.label, group, keys: binding.keys, run: binding.run };
}

/** What the text may be besides: words in the log, an id, a position. */
function searches(text: string): Entry[] {
  const wanted = text.trim();
  if (!wanted) return [];
  const found: Entry[] = [
    {
      label: `Search the log for “${wanted.slice(0, 60)}”`,
      group: "Live",
      keys: "",
      run: () => go({ view: "live", q: wanted, more: { in: "all" } }),
    },
  ];
  if (/^[0-9a-f]{32}$/i.test(wanted))
    found.unshift({
      label: "Open this trace",
      group: "Traces",
      keys: "",
      run: () => go({ view: "trace", id: wanted.toLowerCase() }),
    });
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(wanted))
    found.unshift({ label: "Open this event", group: "Event", keys: "", run: () => go({ sel: wanted }) });
  if (/^[1-9][0-9]{0,14}$/.test(wanted))
    found.unshift({
      label: `Show position ${wanted}`,
      group: "Time",
      keys: "",
      run: () => go({ at: Number(wanted) }),
    });
  return found;
}
