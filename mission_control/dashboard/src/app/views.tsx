// Which pages are there, and where is each one's code? A page is a folder of `views/` whose
// `index.tsx` has the component as its default; it is loaded when it is opened.
import { type ComponentType, lazy, type LazyExoticComponent } from "react";
import type { ViewName } from "../stores/address";
import type { IconName } from "../ui/Icon";

export interface View {
  readonly name: ViewName;
  readonly title: string;
  /** The second stroke behind `g`. */
  readonly key: string;
  readonly icon: IconName;
  readonly group: "Swarm" | "History" | "Ask";
  readonly Page: LazyExoticComponent<ComponentType>;
}

export const VIEWS: readonly View[] = [
  { name: "now", title: "Now", key: "n", icon: "now", group: "Swarm", Page: lazy(() => import("../views/now")) },
  { name: "live", title: "Live", key: "l", icon: "live", group: "Swarm", Page: lazy(() => import("../views/live")) },
  { name: "objectives", title: "Objectives", key: "o", icon: "objectives", group: "Swarm", Page: lazy(() => import("../views/objectives")) },
  { name: "tasks", title: "Tasks", key: "k", icon: "tasks", group: "Swarm", Page: lazy(() => import("../views/tasks")) },
  { name: "workers", title: "Workers", key: "w", icon: "workers", group: "Swarm", Page: lazy(() => import("../views/workers")) },
  { name: "incidents", title: "Incidents", key: "i", icon: "incidents", group: "Swarm", Page: lazy(() => import("../views/incidents")) },
  { name: "trace", title: "Traces", key: "t", icon: "trace", group: "History", Page: lazy(() => import("../views/trace")) },
  { name: "state", title: "State", key: "s", icon: "state", group: "History", Page: lazy(() => import("../views/state")) },
  { name: "trends", title: "Trends", key: "r", icon: "trends", group: "History", Page: lazy(() => import("../views/trends")) },
  { name: "sql", title: "SQL", key: "q", icon: "sql", group: "Ask", Page: lazy(() => import("../views/sql")) },
  { name: "parked", title: "Parked", key: "p", icon: "parked", group: "Ask", Page: lazy(() => import("../views/parked")) },
];

export const GROUPS = ["Swarm", "History", "Ask"] as const;

export function viewOf(name: ViewName): View {
  const found = VIEWS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no page is called ${name}`);
  return found;
}

/** What `sel` opens beside the page. */
export const EventPanel = lazy(() => import("../views/event"));
