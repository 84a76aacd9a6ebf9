// Questions to everything that was ever recorded, in SQL: read-only, within limits.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api, take } from "../../api/client";
import { sentenceOf } from "../../api/problem";
import { go, useAddress } from "../../stores/address";
import { Button } from "../../ui/Button";
import { Chip } from "../../ui/Chip";
import { copyText } from "../../ui/copy";
import { count, counted, duration } from "../../ui/format";
import { visible } from "../../ui/hostile";
import { useKeys } from "../../ui/keys";
import { Answer, Empty } from "../../ui/Note";
import { Panel } from "../../ui/Panel";
import { Line } from "../../ui/Text";
import { toast } from "../../ui/toasts";
import { Results } from "./Results";
import { type Asked, asText } from "./result";
import styles from "./Sql.module.css";

const MAX_ROWS = [100, 1_000, 10_000] as const;
const FIRST = "SELECT payload_kind, count() AS events\nFROM swarm.events\nGROUP BY payload_kind\nORDER BY events DESC";

export default function Sql() {
  const q = useAddress((address) => address.q);
  const [sql, setSql] = useState(q || FIRST);
  const [maxRows, setMaxRows] = useState<number>(1_000);
  const editor = useRef<HTMLTextAreaElement>(null);
  const run = useMutation({
    mutationFn: (asked: string) => take(api.POST("/api/ask", { body: { sql: asked, max_rows: maxRows } })),
    onMutate: (asked) => go({ q: asked }, { replace: true }),
  });
  const start = () => {
    if (sql.trim() !== "" && !run.isPending) run.mutate(sql);
  };
  const choose = (text: string) => {
    setSql(text);
    run.mutate(text);
  };
  useKeys([
    { keys: "Mod+Enter", label: "Ask it", group: "SQL", whileTyping: true, run: start },
    { keys: "/", label: "To the question", group: "SQL", run: () => editor.current?.focus() },
  ]);
  return (
    <div className={styles.page}>
      <Questions onChoose={choose} />
      <div className={styles.main}>
        <Panel
          title="Question"
          aside="read-only, over everything on record"
          actions={
            <>
              <label className={styles.rows}>
                <span>At most</span>
                <select value={maxRows} onChange={(event) => setMaxRows(Number(event.target.value))}>
                  {MAX_ROWS.map((each) => (
                    <option key={each} value={each}>{`${count(each)} rows`}</option>
                  ))}
                </select>
              </label>
              <Button kind="main" onClick={start} disabled={run.isPending} keys="Ctrl+Enter" label="Ask">
                {run.isPending ? "Asking …" : "Ask"}
              </Button>
            </>
          }
        >
          <textarea
            ref={editor}
            className={styles.editor}
            aria-label="SQL"
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            rows={Math.min(14, Math.max(5, sql.split("\n").length + 1))}
            value={sql}
            onChange={(event) => setSql(event.target.value)}
          />
        </Panel>
        {run.error ? (
          <div className={styles.refused} role="alert">
            <b>ClickHouse did not answer this</b>
            <pre>{visible(sentenceOf(run.error))}</pre>
          </div>
        ) : run.data === undefined ? (
          <Empty title="Nothing asked yet">
            <p>Ctrl+Enter asks. Ids of events and traces in what comes back are links.</p>
          </Empty>
        ) : (
          <Answered asked={run.data} isOld={run.isPending} />
        )}
      </div>
    </div>
  );
}

function Answered({ asked, isOld }: { asked: Asked; isOld: boolean }) {
  const copy = async () => {
    const done = await copyText(asText(asked));
    toast(done ? `Copied ${counted(asked.rows.length, "row")}` : "This browser does not let pages copy", done ? "good" : "bad");
  };
  return (
    <Panel
      title={counted(asked.rows.length, "row")}
      aside={`in ${duration(asked.seconds * 1000)}`}
      flush
      className={`${styles.results} ${isOld ? styles.old : ""}`}
      actions={
        <>
          {asked.truncated && <Chip tone="warn">there are more: they were cut off</Chip>}
          <Button onClick={() => void copy()} title="As a table that a spreadsheet takes">
            Copy
          </Button>
        </>
      }
    >
      {asked.rows.length === 0 ? <Empty title="No row answers this" /> : <Results asked={asked} />}
    </Panel>
  );
}

function Questions({ onChoose }: { onChoose: (sql: string) => void }) {
  const asked = useQuery({
    queryKey: ["questions"],
    queryFn: ({ signal }) => take(api.GET("/api/questions", { signal })),
  });
  return (
    <Panel title="Questions" flush className={styles.questions}>
      <Answer of={asked} what="named questions">
        {({ questions }) => (
          <ul>
            {questions.map((each) => (
              <li key={each.name}>
                <button type="button" className={styles.question} onClick={() => onChoose(each.sql)} title={visible(each.text)}>
                  <Line text={each.name.replaceAll("_", " ")} className={styles.name} />
                  <span className={styles.text}>{visible(each.text)}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </Panel>
  );
}
