// Files and variables at the playhead: what is in them, who wrote each line and why, step by step; and
// what changed between two moments.
import { useAtPlayhead } from "../../api/moment";
import { go, useAddress } from "../../stores/address";
import { Button } from "../../ui/Button";
import { Command } from "../../ui/Command";
import { useKeys } from "../../ui/keys";
import { Answer, Empty } from "../../ui/Note";
import { fetchResources } from "./fetchResources";
import type { ResourceKey } from "./answers";
import { Compare } from "./Compare";
import { ResourcePage } from "./ResourcePage";
import { ResourceTree } from "./ResourceTree";
import styles from "./State.module.css";

const KEYS = "State";

export default function StateView() {
  const { id, more } = useAddress();
  const isComparing = more["compare"] !== undefined;
  const compare = () => go({ id: "", more: { compare: "now" } });
  useKeys([{ keys: "d", label: "What changed between two moments", group: KEYS, run: compare }]);
  if (isComparing) return <Compare />;
  const chosen = id ? { name: id, workspace: more["w"] ?? "", type: more["t"] ?? "FILE_SYSTEM" } : null;
  return <Files chosen={chosen} onCompare={compare} />;
}

function Files({ chosen, onCompare }: { chosen: ResourceKey | null; onCompare: () => void }) {
  const asked = useAtPlayhead(["resources"], ({ at, signal }) => fetchResources(at, signal));
  const isNothing = asked.data?.resources.length === 0 && chosen === null;
  return (
    <div className={styles.page}>
      <header className={styles.bar}>
        <p className={styles.hint}>Everything as it was at the playhead: drag the timeline, and this page follows.</p>
        <Button onClick={onCompare} keys="d">
          Compare two moments
        </Button>
      </header>
      {isNothing ? (
        <NothingChanged />
      ) : (
        <div className={styles.columns} data-chosen={chosen !== null || undefined}>
          <Answer of={asked} what="files and variables">
            {({ resources, isCut }) => <ResourceTree resources={resources} isCut={isCut} chosen={chosen} />}
          </Answer>
          {chosen === null ? (
            <Empty title="Choose a file or a variable">
              <p>Its lines say who wrote them, because of which decision, and what was turned down.</p>
            </Empty>
          ) : (
            <ResourcePage key={JSON.stringify(chosen)} of={chosen} />
          )}
        </div>
      )}
    </div>
  );
}

function NothingChanged() {
  return (
    <Empty title="Nobody had changed anything up to this moment">
      <p>An agent that says what it changes has its files here, line by line, with the decision behind each. This one writes a file:</p>
      <Command text="python examples/first_agent.py" />
    </Empty>
  );
}
