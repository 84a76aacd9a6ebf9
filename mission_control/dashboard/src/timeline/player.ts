// Who moves the playhead by itself? A replay, until it reaches the end or somebody stops it.
import { createStore } from "zustand/vanilla";
import { liveStore } from "../stores/live";
import { at, showPosition, shownPosition } from "../stores/playhead";
import { fetchTimeline } from "./fetchTimeline";
import { positionInReel, type Reel, reelOf, SPEEDS, timeInReel } from "./replay";
import { nextMark } from "./scale";
import { knownTimeline } from "./timeline";

const FINE_BUCKETS = 4_000;
/** The pages are shown anew so often; each asks the server. */
const STEP_MILLISECONDS = 250;

export const playerStore = createStore<{ playing: boolean; speed: number }>(() => ({
  playing: false,
  speed: 10,
}));

let timer = 0;

/** Play from the playhead; from the beginning of what is shown if one is live. */
export async function play(): Promise<void> {
  if (playerStore.getState().playing) return;
  playerStore.setState({ playing: true });
  const known = knownTimeline();
  const begin = at() ?? known.stretches[0]?.first ?? 1;
  showPosition(begin);
  const fine = await fetchTimeline({ begin: null, buckets: FINE_BUCKETS, signal: new AbortController().signal });
  const reel = reelOf(fine?.stretches ?? known.stretches);
  if (!playerStore.getState().playing) return;
  run(reel, timeInReel(reel, begin));
}

function run(reel: Reel, begin: number): void {
  let played = begin;
  let last = performance.now();
  let shown = shownPosition();
  timer = window.setInterval(() => {
    const now = performance.now();
    if (at() === null || document.hidden) return pause();
    // Somebody moved the playhead: go on from there.
    if (at() !== shown) played = timeInReel(reel, at() ?? shown);
    played += (now - last) * playerStore.getState().speed;
    last = now;
    if (played >= reel.length) {
      pause();
      return showPosition(liveStore.getState().end);
    }
    const position = positionInReel(reel, played);
    if (position !== at()) showPosition(position);
    shown = at() ?? position;
  }, STEP_MILLISECONDS);
}

export function pause(): void {
  clearInterval(timer);
  playerStore.setState({ playing: false });
}

export function togglePlay(): void {
  if (playerStore.getState().playing) pause();
  else void play();
}

/** One step faster or slower. */
export function changeSpeed(direction: 1 | -1): void {
  const { speed } = playerStore.getState();
  const index = SPEEDS.findIndex((each) => each === speed) + direction;
  playerStore.setState({ speed: SPEEDS[Math.min(Math.max(0, index), SPEEDS.length - 1)] ?? speed });
}

export function stepEvent(direction: 1 | -1): void {
  pause();
  showPosition(shownPosition() + direction);
}

/** To the next incident, or another mark, in a direction. */
export function stepMark(direction: 1 | -1): void {
  pause();
  const { marks } = knownTimeline();
  const incidents = marks.filter((each) => each.kind === "incident" && each.isFailure);
  const found = nextMark(incidents, shownPosition(), direction);
  if (found !== undefined) showPosition(found.position);
  else if (direction > 0) showPosition(liveStore.getState().end);
}
