// What is the swarm to achieve, how far is each, and what waits for a person?
import { useMemo, useRef } from "react";
import { ActButton } from "../../acts/ActButton";
import { addObjective } from "../../acts/acts";
import { api, take } from "../../api/client";
import { useAtPlayhead } from "../../api/moment";
import type { KnownObjective } from "../../api/schema";
import { go, useAddress } from "../../stores/address";
import { useAt } from "../../stores/playhead";
import { Chip } from "../../ui/Chip";
import { Command } from "../../ui/Command";
import { counted, milliseconds } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { Link } from "../../ui/Link";
import { Answer, Empty } from "../../ui/Note";
import { Search } from "../../ui/Search";
import { Line } from "../../ui/Text";
import { Ago } from "../../ui/Time";
import list from "../../ui/list.module.css";
import { ObjectivePanel } from "./ObjectivePanel";
import { standing } from "./standing";

const LIMIT = 500;

export default function ObjectivesPage() {
  const { id, q } = useAddress();
  const at = useAt();
  const search = useRef<HTMLInputElement>(null);
  const found = useAtPlayhead(["objectives"], ({ at: position, signal }) => {
    const moment = position === undefined ? {} : { at: String(position) };
    return take(api.GET("/api/objectives", { params: { query: { limit: LIMIT, ...moment } }, signal }));
  }  );
  useKeys([
    { keys: "/", label: "Filter", run: () => search.current?.focus() },
    ...(id ? [{ keys: "Escape", label: "Close the objective", run: () => go({ id: "" }) }] : []),
  ]);
  return (
    <div className={list.page} data-open={id !== "" || undefined}>
      <div className={list.main}>
        <div className={list.toolbar}>
          <Search inputRef={search} value={q} label="Filter objectives" onChange={(text) => go({ q: text }, { replace: true })} />
          {at === null && <ActButton act={addObjective} icon="plus" kind="main" />}
        </div>
        <Answer of={found} what="the objectives">
          {(answer) => <Rows objectives={answer.objectives} q={q} open={id} leftOut={answer.left_out} />}
        </Answer>
      </div>
      {id && <ObjectivePanel key={id} id={id} />}
    </div>
  );
}

interface RowsProps {
  readonly objectives: readonly KnownObjective[];
  readonly q: string;
  readonly open: string;
  readonly leftOut: number;
}

function Rows({ objectives, q, open, leftOut }: RowsProps) {
  const shown = useMemo(() => {
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    return objectives.filter((each) => words.every((word) => `${each.description} ${each.objective_id} ${each.status}`.toLowerCase().includes(word)));
  }, [objectives, q]);
  if (objectives.length === 0)
    return (
      <Empty title="Nobody has asked for anything yet">
        <p>Say what is to be achieved, above, or in a terminal:</p>
        <Command text='ganglion objectives add "diagnose this machine" --plan diagnose' />
      </Empty>
    );
  if (shown.length === 0) return <Empty title={q ? "No objective is like that" : "At this moment there was none"} />;
  return (
    <ul className={list.rows} tabIndex={0} aria-label="Objectives">
      {shown.map((each) => {
        const { tone, word, done, all } = standing(each);
        return (
          <li key={each.objective_id}>
            <Link
              to={{ id: each.objective_id === open ? "" : each.objective_id, sel: "" }}
              className={each.objective_id === open ? `${list.row} ${list.open}` : list.row}
            >
              <span className={list.state}>
                <Chip tone={tone}>{word}</Chip>
              </span>
              <span className={list.text}>
                <Line text={each.description} />
                <Line className={list.faint} text={each.waits || each.summary || each.objective_id} />
              </span>
              <span className={list.aside}>
                {all > 0 && `${done} of ${counted(all, "task")}`}
                <br />
                <Ago time={milliseconds(each.ended_at ?? each.added_at)} />
              </span>
            </Link>
          </li>
        );
      })}
      {leftOut > 0 && <li className={list.note}>{leftOut} earlier ones are not shown.</li>}
    </ul>
  );
}
