// Which events of all that were ever recorded does a filter let through? The server looks.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, take } from "../../api/client";
import { type LiveEvent, liveEventOf } from "../../stores/liveEvent";
import type { Filter } from "./filter";

const PAGE = 200;

export function useSearch(filter: Filter, enabled: boolean) {
  const found = useInfiniteQuery({
    queryKey: ["search", filter],
    enabled,
    staleTime: 0,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/events", {
          signal,
          params: { query: { ...asked(filter), limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  const events = useMemo(() => oldestFirst(found.data?.pages ?? []), [found.data]);
  return {
    events,
    error: found.error,
    isPending: enabled && found.isPending,
    hasMore: found.hasNextPage,
    more: () => void found.fetchNextPage(),
  };
}

function asked(filter: Filter) {
  return {
    agent: filter.agent,
    role: filter.role,
    ...(filter.kind ? { kind: [filter.kind] } : {}),
    text: filter.words.join(" "),
  };
}

/** The pages have the newest first. */
function oldestFirst(pages: readonly { events: unknown[] }[]): LiveEvent[] {
  return pages
    .flatMap((each) => each.events)
    .map((each) => liveEventOf(each as Parameters<typeof liveEventOf>[0]))
    .reverse();
}
