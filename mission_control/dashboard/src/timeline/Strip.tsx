// The timeline at the foot of every page: what happened when. Drag it, and every page shows that
// moment.
import { type CSSProperties, type PointerEvent, useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import { useLive } from "../stores/live";
import { backToLive, showPosition, useAt } from "../stores/playhead";
import { Button } from "../ui/Button";
import { clock, count, duration, moment } from "../ui/format";
import { useKeys } from "../ui/keys";
import { useNow } from "../ui/Time";
import { draw } from "./draw";
import { changeSpeed, pause, playerStore, stepEvent, stepMark, togglePlay } from "./player";
import { SPEEDS } from "./replay";
import { type Mark, positionAt, type Timeline } from "./scale";
import styles from "./Strip.module.css";
import { exactTime, RANGES, showRange, timelineStore, useFetchedTimeline, useTimeline } from "./timeline";

const TIME = "Time";

export function Strip() {
  useFetchedTimeline();
  const timeline = useTimeline();
  useKeys([
    { keys: "Space", label: "Play, or stop", group: TIME, run: togglePlay },
    { keys: "ArrowLeft", label: "One event back", group: TIME, run: () => stepEvent(-1) },
    { keys: "ArrowRight", label: "One event on", group: TIME, run: () => stepEvent(1) },
    { keys: "Shift+ArrowLeft", label: "To the incident before", group: TIME, run: () => stepMark(-1) },
    { keys: "Shift+ArrowRight", label: "To the next incident", group: TIME, run: () => stepMark(1) },
    { keys: "+", label: "Play faster", group: TIME, run: () => changeSpeed(1) },
    { keys: "-", label: "Play slower", group: TIME, run: () => changeSpeed(-1) },
  ]);
  return (
    <footer className={styles.strip} aria-label="Timeline">
      <Controls />
      <Track timeline={timeline} />
      <Ranges />
    </footer>
  );
}

function Controls() {
  const { playing, speed } = useStore(playerStore);
  const at = useAt();
  const end = useLive((live) => live.end);
  return (
    <div className={styles.controls}>
      <div className={styles.buttons}>
        <Button kind="quiet" icon="before" label="One event back" keys="←" onClick={() => stepEvent(-1)} />
        <Button
          kind="quiet"
          icon={playing ? "pause" : "play"}
          label={playing ? "Stop" : "Play"}
          keys="Space"
          onClick={togglePlay}
        />
        <Button kind="quiet" icon="after" label="One event on" keys="→" onClick={() => stepEvent(1)} />
        <select
          className={styles.speed}
          aria-label="Speed of the replay"
          value={speed}
          onChange={(event) => playerStore.setState({ speed: Number(event.target.value) })}
        >
          {SPEEDS.map((each) => (
            <option key={each} value={each}>{`${each}×`}</option>
          ))}
        </select>
      </div>
      <button
        type="button"
        className={at === null ? styles.live : styles.past}
        onClick={backToLive}
        title={at === null ? "This is now" : "Back to live (0)"}
      >
        <span className={styles.lamp} aria-hidden="true" />
        {at === null ? "Live" : "Past"} · {count(at ?? end)}
      </button>
    </div>
  );
}

function Ranges() {
  const range = useStore(timelineStore, (known) => known.range);
  return (
    <div className={styles.ranges} role="group" aria-label="How much of the log the timeline shows">
      {RANGES.map((each) => (
        <button
          key={each.name}
          type="button"
          aria-pressed={each.milliseconds === range}
          onClick={() => showRange(each.milliseconds)}
        >
          {each.name}
        </button>
      ))}
    </div>
  );
}

function Track({ timeline }: { timeline: Timeline }) {
  const at = useAt();
  const end = useLive((live) => live.end);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hover, setHover] = useState<number | null>(null);
  useDrawing(canvas, timeline);

  const long = timeline.end - timeline.begin;
  const share = (time: number) => Math.min(1, Math.max(0, (time - timeline.begin) / long));
  const timeOf = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return x > 0.995 ? Number.POSITIVE_INFINITY : timeline.begin + x * long;
  };
  const drag = (event: PointerEvent<HTMLElement>) => {
    pause();
    const time = timeOf(event);
    if (time === Number.POSITIVE_INFINITY) backToLive();
    else showPosition(positionAt(timeline.stretches, time));
  };
  const time = at === null ? timeline.end : exactTime(timeline, at);
  const now = useNow();
  const place = { "--at": String(share(time)) } as CSSProperties;
  return (
    <div
      className={styles.track}
      role="slider"
      tabIndex={0}
      aria-label="Moment that is shown"
      aria-valuemin={1}
      aria-valuemax={Math.max(1, end)}
      aria-valuenow={at ?? Math.max(1, end)}
      aria-valuetext={at === null ? "live" : `${moment(time, now)}, position ${at}`}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        drag(event);
      }}
      onPointerMove={(event) => {
        setHover(timeOf(event));
        if (event.currentTarget.hasPointerCapture(event.pointerId)) drag(event);
      }}
      onPointerLeave={() => setHover(null)}
    >
      <canvas ref={canvas} className={styles.canvas} aria-hidden="true" />
      {timeline.marks.filter(stands).map((each) => (
        <span
          key={`${each.position} ${each.kind}`}
          className={`${styles.mark} ${styles[each.kind] ?? ""}`}
          style={{ "--at": String(share(each.time)) } as CSSProperties}
        />
      ))}
      <span className={styles.head} data-past={at !== null || undefined} style={place} />
      {hover !== null && Number.isFinite(hover) && <Hover timeline={timeline} time={hover} at={share(hover)} />}
      <span className={styles.from}>{moment(timeline.begin, now)}</span>
      <span className={styles.to}>{at === null ? clock(timeline.end) : `${duration(long)} shown`}</span>
    </div>
  );
}

/** Whether it has a sign of its own: the end of an incident has none, nor has what belongs to one. */
function stands(mark: Mark): boolean {
  return mark.kind === "approval" || mark.kind === "halt" || (mark.kind === "incident" && mark.isFailure);
}

/** What the pointer is above. */
function Hover({ timeline, time, at }: { timeline: Timeline; time: number; at: number }) {
  const near = (timeline.end - timeline.begin) / 150;
  const mark = timeline.marks.findLast((each) => Math.abs(each.time - time) < near);
  return (
    <span className={styles.hover} data-right={at > 0.5 || undefined} style={{ "--at": String(at) } as CSSProperties}>
      <b>{clock(time)}</b>
      {mark && <bdi>{mark.text}</bdi>}
    </span>
  );
}

function useDrawing(canvas: { current: HTMLCanvasElement | null }, timeline: Timeline): void {
  const latest = useRef(timeline);
  latest.current = timeline;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const paint = () => draw(element, latest.current, coloursOf(element));
    const watcher = new ResizeObserver(paint);
    watcher.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", paint);
    const themed = new MutationObserver(paint);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      watcher.disconnect();
      themed.disconnect();
      scheme.removeEventListener("change", paint);
    };
  }, [canvas]);
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, timeline, coloursOf(canvas.current));
  }, [canvas, timeline]);
}

/** A canvas knows no variables: the colours of four properties that the style sheet sets. */
function coloursOf(element: HTMLElement) {
  const style = getComputedStyle(element);
  return {
    bar: style.color,
    decision: style.borderTopColor,
    failure: style.borderRightColor,
    cost: style.borderBottomColor,
  };
}
