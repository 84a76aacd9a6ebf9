// Which stretch of time does the waterfall show?
import { useMemo, useState } from "react";
import type { View } from "./drawBars";
import type { Trace } from "./trace";

/** A ten-thousandth of the trace, or a microsecond. */
const MIN_SHARE = 1e-4;
const MIN_MILLISECONDS = 1e-3;

export interface Viewing {
  readonly view: View;
  readonly show: (view: View) => void;
  /** By a share of what is shown. */
  readonly pan: (share: number) => void;
  /** Below 1: larger. About the middle. */
  readonly zoom: (factor: number) => void;
}

/** The whole trace, or what is below `focus` (an item; below 0: none), until one zooms. */
export function useView(trace: Trace, focus: number): Viewing {
  const whole = useMemo(() => wholeOf(trace, focus), [trace, focus]);
  const [chosen, setChosen] = useState<{ view: View; focus: number } | null>(null);
  const view = chosen !== null && chosen.focus === focus ? chosen.view : whole;
  const show = (wanted: View) => setChosen({ view: bounded(wanted, whole), focus });
  const long = view.to - view.from;
  return {
    view,
    show,
    pan: (share) => show({ from: view.from + share * long, to: view.to + share * long }),
    zoom: (factor) => {
      const middle = (view.from + view.to) / 2;
      show({ from: middle - (long * factor) / 2, to: middle + (long * factor) / 2 });
    },
  };
}

/** Within the whole, and never shorter than can be drawn. */
export function bounded(wanted: View, whole: View): View {
  const all = whole.to - whole.from;
  const long = Math.min(all, Math.max(wanted.to - wanted.from, all * MIN_SHARE, MIN_MILLISECONDS));
  const middle = (wanted.from + wanted.to) / 2;
  const from = Math.min(Math.max(whole.from, middle - long / 2), whole.to - long);
  return { from, to: from + long };
}

/** With a little room on both sides for the marks of events. */
function wholeOf(trace: Trace, focus: number): View {
  const { layout, spans } = trace;
  let [from, to] = [layout.begin, layout.end];
  if (focus >= 0) {
    const row = layout.rowOf[focus]!;
    from = Number.POSITIVE_INFINITY;
    for (let at = row; at < row + layout.size[focus]!; at++) from = Math.min(from, spans.start[layout.order[at]!]!);
    to = layout.subtreeEnd[focus]!;
  }
  const long = Math.max(to - from, MIN_MILLISECONDS);
  return { from: from - long * 0.02, to: from + long * 1.05 };
}
