// One file or variable at the playhead: its content with blame, or its history step by step.
import { api, take } from "../../api/client";
import { useAtPlayhead } from "../../api/moment";
import { go, useAddress } from "../../stores/address";
import { Button } from "../../ui/Button";
import { Chip } from "../../ui/Chip";
import { useKeys } from "../../ui/keys";
import { Link } from "../../ui/Link";
import { Answer } from "../../ui/Note";
import { Line } from "../../ui/Text";
import type { ResourceKey } from "./answers";
import { ContentView } from "./ContentView";
import { atOf } from "./fetchResources";
import { History } from "./History";
import styles from "./State.module.css";
import { FILE, kindOf } from "./tree";

export function ResourcePage({ of }: { of: ResourceKey }) {
  const more = useAddress((address) => address.more);
  // Of a variable there are its values, step by step.
  const isFile = of.type === FILE;
  const isHistory = !isFile || more["as"] === "history";
  const show = (as: string) => go({ more: { ...more, as } }, { replace: true });
  useKeys([{ keys: "b", label: "Lines with blame, or history", group: "This file", run: () => show(isHistory ? "" : "history") }]);
  return (
    <section className={styles.resource} aria-label={of.name}>
      <header className={styles.resourceHead}>
        <Link to={{ id: "", more: {} }} className={styles.back}>
          All files
        </Link>
        <h2>
          <Line text={of.name} />
        </h2>
        <Chip>{kindOf(of.type)}</Chip>
        {isFile && (
        <span className={styles.modes} role="group" aria-label="Show as">
          <Button kind="quiet" aria-pressed={!isHistory} onClick={() => show("")}>
            Lines
          </Button>
          <Button kind="quiet" aria-pressed={isHistory} onClick={() => show("history")}>
            History
          </Button>
        </span>
        )}
      </header>
      {isHistory ? <AskedHistory of={of} /> : <AskedContent of={of} />}
    </section>
  );
}

function AskedContent({ of }: { of: ResourceKey }) {
  const asked = useAtPlayhead(["content", of], ({ at, signal }) =>
    take(api.GET("/api/content", { params: { query: { resource: of.name, workspace: of.workspace, ...atOf(at) } }, signal })),
  );
  return (
    <Answer of={asked} what="its content">
      {(content) => <ContentView content={content} />}
    </Answer>
  );
}

function AskedHistory({ of }: { of: ResourceKey }) {
  const asked = useAtPlayhead(["chain", of], ({ at, signal }) =>
    take(
      api.GET("/api/chain", {
        params: { query: { resource: of.name, workspace: of.workspace, type: of.type, ...atOf(at) } },
        signal,
      }),
    ),
  );
  return (
    <Answer of={asked} what="its history">
      {({ steps, steps_left_out: isCut }) => <History steps={steps} isCut={isCut} />}
    </Answer>
  );
}
