// One span of a trace: when, how long, what it cost, and the events within it.
import { Button } from "../../ui/Button";
import { Chip } from "../../ui/Chip";
import { Fact } from "../../ui/Fact";
import { clockMilliseconds, counted, dollars, duration } from "../../ui/format";
import { Link } from "../../ui/Link";
import { Id, Line, Lines } from "../../ui/Text";
import styles from "./SpanCard.module.css";
import { type Trace } from "./trace";

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
          <Line text={told.title} />
        </h2>
        <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
      </header>
      <div className={styles.chips}>
        <Chip>{told.source}</Chip>
        {told.isFailure && <Chip tone="bad">failed</Chip>}
        {path.on[item] === 1 && <Chip tone="accent">on the critical path</Chip>}
      </div>
      <dl className={styles.facts}>
        <Fact name="Began">{clockMilliseconds(told.start)}</Fact>
        <Fact name="After the trace did">{duration(told.start - layout.begin)}</Fact>
        <Fact name="Took">
          {duration(told.duration)}
          {whole > 0 && ` · ${((told.duration / whole) * 100).toFixed(1)} % of the trace`}
        </Fact>
        {path.share[item]! > 0 && <Fact name="On the critical path">{duration(path.share[item]!)}</Fact>}
        {cost > 0 && (
          <Fact name="Cost">
            {told.cost !== null && told.cost > 0 && `${dollars(told.cost)} · `}
            {below > 0 && `${dollars(cost)} with all below`}
          </Fact>
        )}
        {told.who && (
          <Fact name="By">
            <Id id={told.who} />
          </Fact>
        )}
        <Fact name="Span">
          <Id id={told.id} />
        </Fact>
        {below > 0 && <Fact name="Below it">{counted(below, "step")}</Fact>}
      </dl>
      {trace.jaegerUrl !== null && (
        <a href={jaegerSpan(trace.jaegerUrl, told.id)} target="_blank" rel="noreferrer noopener">
          Open this span in Jaeger
        </a>
      )}
      {told.message && <Lines text={told.message} />}
      {Object.keys(told.attributes).length > 0 && (
        <details>
          <summary>{counted(Object.keys(told.attributes).length, "attribute")}</summary>
          <dl className={styles.attributes}>
            {Object.entries(told.attributes).map(([name, value]) => (
              <div key={name}>
                <dt>
                  <Id id={name} max={80} />
                </dt>
                <dd>
                  <Lines text={value} />
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      <h3>{within.length === 0 ? "No events within it" : counted(within.length, "event")}</h3>
      <ol className={styles.events}>
        {within.slice(0, MAX_EVENTS).map((event) => {
          const each = trace.items[event]!;
          return (
            <li key={each.id}>
              <Link to={{ sel: each.id }}>
                <span className={styles.offset}>{`+${duration(each.start - told.start)}`}</span>
                {each.isFailure && <b className={styles.failed}>failed</b>}
                <Line text={each.title} />
              </Link>
            </li>
          );
        })}
      </ol>
      {within.length > MAX_EVENTS && <p className={styles.offset}>{`and ${counted(within.length - MAX_EVENTS, "more", "more")} in the waterfall`}</p>}
    </aside>
  );
}


/** The page of the trace that the server names, with this span in view. */
export function jaegerSpan(traceUrl: string, spanId: string): string {
  const address = new URL(traceUrl);
  address.searchParams.set("uiFind", spanId);
  return address.href;
}
