// How does a page ask for what was at the playhead? Live answers are asked for anew when something
// came, once a second at most; those of a moment do not change.
import { keepPreviousData, type Query, QueryClient, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { liveStore } from "../stores/live";
import { useAt } from "../stores/playhead";
import { ApiProblem } from "./problem";
import { noteProblem } from "./session";

const AGAIN_MILLISECONDS = 1_000;
const MAX_TRIES = 2;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) =>
        failures < MAX_TRIES && error instanceof ApiProblem && error.isPassing,
      retryDelay: AGAIN_MILLISECONDS,
      refetchOnWindowFocus: false,
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 5 * 60_000,
    },
  },
});

queries.getQueryCache().subscribe((event) => {
  if (event.type === "updated" && event.action.type === "error") noteProblem(event.action.error);
});

export interface Asked {
  /** The position to ask for; undefined: now. As `at` of the routes. */
  readonly at: number | undefined;
  readonly signal: AbortSignal;
}

/** What `ask` answers at the playhead. While another moment is fetched, the last answer stays.
 * `key`: all that it depends on besides the moment. */
export function useAtPlayhead<T>(
  key: readonly unknown[],
  ask: (asked: Asked) => Promise<T>,
  options: { enabled?: boolean } = {},
): UseQueryResult<T> {
  const at = useAt();
  return useQuery({
    queryKey: [...key, at ?? "live"],
    queryFn: ({ signal }) => ask({ at: at ?? undefined, signal }),
    placeholderData: keepPreviousData,
    meta: { isLive: at === null },
    enabled: options.enabled ?? true,
  });
}

const LIVE = { predicate: (query: Query) => query.meta?.["isLive"] === true };

/** Ask again for what is live whenever something came. Returns what ends it. */
export function refreshLiveQueries(): () => void {
  let timer = 0;
  const schedule = () => {
    if (timer === 0) timer = window.setTimeout(refresh, AGAIN_MILLISECONDS);
  };
  const refresh = () => {
    timer = 0;
    if (document.hidden) return;
    // What is under way is not cancelled: an answer that takes longer than events are apart would
    // never come. It may have been asked for before the last of them, so it is asked for again.
    if (queries.isFetching(LIVE) > 0) schedule();
    void queries.invalidateQueries(LIVE, { cancelRefetch: false });
  };
  const stop = liveStore.subscribe((now, before) => {
    if (now.end !== before.end) schedule();
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}
