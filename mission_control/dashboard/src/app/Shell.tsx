// What stands around every page: where one can go, the bar above, the timeline at the foot.
import { Component, lazy, type ReactNode, Suspense, useState } from "react";
import type { Act } from "../acts/acts";
import { sentenceOf } from "../api/problem";
import { useAddress } from "../stores/address";
import { useAt } from "../stores/playhead";
import { Strip } from "../timeline/Strip";
import { Empty, Loading } from "../ui/Note";
import { Bar } from "./Bar";
import { KeyHelp } from "./KeyHelp";
import { Navigation } from "./Navigation";
import { Palette } from "./Palette";
import styles from "./Shell.module.css";
import { useGlobalKeys } from "./shortcuts";
import { Toasts } from "./Toasts";
import { EventPanel, viewOf } from "./views";

const ActDialog = lazy(async () => ({ default: (await import("../acts/ActDialog")).ActDialog }));

export type Overlay = "palette" | "keys" | "menu" | null;

export function Shell() {
  const name = useAddress((address) => address.view);
  const sel = useAddress((address) => address.sel);
  const isPast = useAt() !== null;
  const [overlay, setOverlay] = useState<Overlay>(null);
  const [act, setAct] = useState<Act | null>(null);
  useGlobalKeys(setOverlay);
  const { Page, title } = viewOf(name);
  const close = () => setOverlay(null);
  return (
    <div className={styles.shell} data-past={isPast || undefined}>
      <a className={styles.skip} href="#page">
        Skip to the page
      </a>
      <Navigation open={overlay === "menu"} onClose={close} />
      <Bar title={title} show={setOverlay} />
      <main id="page" tabIndex={-1} className={styles.page} key={name}>
        <Fence>
          <Suspense fallback={<Loading what="the page" />}>
            <Page />
          </Suspense>
        </Fence>
      </main>
      {sel && (
        <Fence key={sel}>
          <Suspense fallback={null}>
            <EventPanel />
          </Suspense>
        </Fence>
      )}
      <Strip />
      {overlay === "palette" && <Palette onClose={close} onAct={setAct} />}
      {overlay === "keys" && <KeyHelp onClose={close} />}
      {act !== null && (
        <Suspense fallback={null}>
          <ActDialog act={act} onClose={() => setAct(null)} />
        </Suspense>
      )}
      <Toasts />
    </div>
  );
}

/** A page that fails does not take the others with it. */
class Fence extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Empty title="This page has a defect">
        <p>{sentenceOf(this.state.error)}</p>
        <p>The others go on; reload to try it again.</p>
      </Empty>
    );
  }
}
