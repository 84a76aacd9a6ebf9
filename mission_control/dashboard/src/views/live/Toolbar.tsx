// Which events shall be shown: a text, an agent, a role, a kind.
import { type ReactNode, useMemo, useRef } from "react";
import { go } from "../../stores/address";
import type { LiveEvent } from "../../stores/liveEvent";
import { Button } from "../../ui/Button";
import { words } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { FIELDS, type Field, parseFilter, withField } from "./filter";
import styles from "./live.module.css";

interface ToolbarProps {
  readonly q: string;
  readonly isSearch: boolean;
  readonly events: readonly LiveEvent[];
  readonly children: ReactNode;
}

export function Toolbar({ q, isSearch, events, children }: ToolbarProps) {
  const input = useRef<HTMLInputElement>(null);
  const filter = parseFilter(q);
  const choices = useMemo(() => choicesOf(events), [events]);
  useKeys([{ keys: "/", label: "Filter, or search everything", run: () => input.current?.focus() }]);
  const search = (on: boolean) => go({ more: on ? { in: "all" } : {} });
  return (
    <form
      className={styles.toolbar}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        search(true);
        input.current?.blur();
      }}
    >
      <input
        ref={input}
        className={styles.filter}
        type="search"
        value={q}
        placeholder="Filter; Enter searches everything"
        aria-label="Filter"
        onChange={(event) => go({ q: event.target.value }, { replace: true })}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          if (q) go({ q: "" }, { replace: true });
          else input.current?.blur();
        }}
      />
      {FIELDS.map((field) => (
        <select
          key={field}
          className={styles.choice}
          aria-label={`Only of one ${field}`}
          value={filter[field]}
          onChange={(event) => go({ q: withField(q, field, event.target.value) }, { replace: true })}
        >
          <option value="">{`Any ${field}`}</option>
          {withChosen(choices[field], filter[field]).map((each) => (
            <option key={each} value={each}>
              {field === "kind" ? words(each) : each}
            </option>
          ))}
        </select>
      ))}
      {isSearch ? (
        <Button onClick={() => search(false)}>Back to the stream</Button>
      ) : (
        <Button type="submit" icon="search">
          Search everything
        </Button>
      )}
      {children}
    </form>
  );
}

const MAX_CHOICES = 200;

/** What the events that are here have. An id with a blank in it can't be said in a filter. */
function choicesOf(events: readonly LiveEvent[]): Record<Field, string[]> {
  const found: Record<Field, Set<string>> = { agent: new Set(), role: new Set(), kind: new Set() };
  for (const each of events) for (const field of FIELDS) if (each[field]) found[field].add(each[field]);
  const listed = (field: Field) =>
    [...found[field]].filter((each) => !/\s/.test(each)).sort().slice(0, MAX_CHOICES);
  return { agent: listed("agent"), role: listed("role"), kind: listed("kind") };
}

function withChosen(choices: string[], chosen: string): string[] {
  return chosen && !choices.includes(chosen) ? [chosen, ...choices] : choices;
}
