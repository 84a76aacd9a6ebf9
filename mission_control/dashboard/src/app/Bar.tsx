// What stands above every page: its name, whether the swarm runs, which moment is shown, and the way
// to everything else.
import { useEffect, useState } from "react";
import { useLive } from "../stores/live";
import { backToLive, shownTimeStore, useAt } from "../stores/playhead";
import { useTimeAt } from "../timeline/timeline";
import { Button } from "../ui/Button";
import { ago, moment } from "../ui/format";
import { Icon } from "../ui/Icon";
import { useNow } from "../ui/Time";
import styles from "./Bar.module.css";
import type { Overlay } from "./Shell";
import { nextTheme, storedTheme } from "./theme";

export function Bar({ title, show }: { title: string; show: (overlay: Overlay) => void }) {
  const [theme, setTheme] = useState(storedTheme);
  return (
    <header className={styles.bar}>
      <Button kind="quiet" icon="menu" label="Pages" className={styles.menu} onClick={() => show("menu")} />
      <h1>{title}</h1>
      <Past />
      <div className={styles.right}>
        <Connection />
        <button
          type="button"
          className={styles.search}
          onClick={() => show("palette")}
          aria-label={`Search and commands ${paletteKey()}`}
        >
          <Icon name="search" />
          <span>Search and commands</span>{" "}
          <kbd>{paletteKey()}</kbd>
        </button>
        <Button
          kind="quiet"
          icon="sun"
          label={`Colours: ${theme}`}
          onClick={() => setTheme(nextTheme())}
        />
        <Button kind="quiet" label="Keys" keys="?" onClick={() => show("keys")}>
          ?
        </Button>
      </div>
    </header>
  );
}

function paletteKey(): string {
  return /Mac|iP(hone|ad)/.test(navigator.userAgent) ? "⌘K" : "Ctrl K";
}

function Past() {
  const at = useAt();
  const time = useTimeAt(at);
  const now = useNow();
  useEffect(() => shownTimeStore.setState({ time }), [time]);
  if (at === null) return null;
  return (
    <div className={styles.past} role="status">
      <Icon name="clock" />
      <span title={Number.isFinite(time) ? moment(time, now) : undefined}>
        {Number.isFinite(time) ? ago(time, now) : `position ${at}`}
      </span>
      <Button kind="quiet" keys="0" onClick={backToLive}>
        Back to live
      </Button>
    </div>
  );
}

function Connection() {
  const connection = useLive((live) => live.connection);
  if (connection === "open") return null;
  return (
    <span className={styles.connection} role="status">
      Connecting …
    </span>
  );
}
