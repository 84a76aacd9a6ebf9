// One span of a trace: when, how long, what it cost, and the events within it.
import type { ReactNode } from "react";
import { Button } from "../../ui/Button";
import { Chip } from "../../ui/Chip";
import { clockMilliseconds, counted, dollars, duration } from "../../ui/format";
import { Link } from "../../ui/Link";
import { Id, Line } from "../../ui/Text";
import styles from "./SpanCard.module.css";
import { titleOf, type Trace } from "./trace";

const MAX_EVENTS = 100;

export function SpanCard({ trace, item, onClose }: { trace: Trace; item: number; onClose: () => void }) {
  const told = trace.items[item]!;
  const { layout, path, events } = trace;
  const below = layout.size[item]! - 1;
  const whole = layout.end - layout.begin;
  const within = events[item] ?? [];
  const cost = layout.subtreeCost[item]!;
  return (
    <aside className={styles.card} aria-label="Span">
      <header className={styles.head}>
        <h2>
          <Line text={titleOf(told)} />
        </h2>
        <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
      </header>
      <div className={styles.chips}>
        <Chip>{told.source}</Chip>
        {told.is_failure && <Chip tone="bad">failed</Chip>}
        {path.on[item] === 1 && <Chip tone="accent">on the critical path</Chip>}
      </div>
      <dl className={styles.facts}>
        <Fact name="Began">{clockMilliseconds(told.start_ms)}</Fact>
        <Fact name="After the trace did">{duration(told.start_ms - layout.begin)}</Fact>
        <Fact name="Took">
          {duration(told.duration_ms)}
          {whole > 0 && ` · ${((told.duration_ms / whole) * 100).toFixed(1)} % of the trace`}
        </Fact>
        {path.share[item]! > 0 && <Fact name="On the critical path">{duration(path.share[item]!)}</Fact>}
        {cost > 0 && (
          <Fact name="Cost">
            {told.cost_usd !== null && told.cost_usd > 0 && `${dollars(told.cost_usd)} · `}
            {below > 0 && `${dollars(cost)} with all below`}
          </Fact>
        )}
        {told.agent_id && (
          <Fact name="By">
            <Id id={told.agent_id} />
          </Fact>
        )}
        <Fact name="Span">
          <Id id={told.span_id} />
        </Fact>
        {below > 0 && <Fact name="Below it">{counted(below, "step")}</Fact>}
      </dl>
      {trace.jaegerUrl !== null && (
        <a href={jaegerSpan(trace.jaegerUrl, told.span_id)} target="_blank" rel="noreferrer noopener">
          Open this span in Jaeger
        </a>
      )}
      <h3>{within.length === 0 ? "No events within it" : counted(within.length, "event")}</h3>
      <ol className={styles.events}>
        {within.slice(0, MAX_EVENTS).map((event) => {
          const each = trace.items[event]!;
          return (
            <li key={each.event_id}>
              <Link to={{ sel: each.event_id ?? "" }}>
                <span className={styles.offset}>{`+${duration(each.start_ms - told.start_ms)}`}</span>
                {each.is_failure && <b className={styles.failed}>failed</b>}
                <Line text={titleOf(each)} />
              </Link>
            </li>
          );
        })}
      </ol>
      {within.length > MAX_EVENTS && <p className={styles.offset}>{`and ${counted(within.length - MAX_EVENTS, "more", "more")} in the waterfall`}</p>}
    </aside>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The page of the trace that the server names, with this span in view. */
export function jaegerSpan(traceUrl: string, spanId: string): string {
  const address = new URL(traceUrl);
  address.searchParams.set("uiFind", spanId);
  return address.href;
}
