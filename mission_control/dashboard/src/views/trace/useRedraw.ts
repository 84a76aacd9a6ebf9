// When must a canvas be drawn anew? After each render, and when its size or the theme changes.
import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";

export function useRedraw(canvas: RefObject<HTMLCanvasElement | null>, draw: (canvas: HTMLCanvasElement) => void): void {
  const latest = useRef(draw);
  latest.current = draw;
  useLayoutEffect(() => {
    if (canvas.current !== null) latest.current(canvas.current);
  });
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const again = () => latest.current(element);
    const sized = new ResizeObserver(again);
    sized.observe(element);
    const themed = new MutationObserver(again);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", again);
    return () => {
      sized.disconnect();
      themed.disconnect();
      scheme.removeEventListener("change", again);
    };
  }, [canvas]);
}
