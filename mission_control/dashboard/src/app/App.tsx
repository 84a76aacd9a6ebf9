// Is one let in, and what is said if not?
import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect } from "react";
import { useStore } from "zustand";
import { queries, refreshLiveQueries } from "../api/moment";
import { openSession, sessionStore } from "../api/session";
import { followLive } from "../stores/live";
import { Gate } from "./Gate";
import { Shell } from "./Shell";

const AGAIN_MILLISECONDS = 2_000;

export function App() {
  const { state, why } = useStore(sessionStore);
  useEffect(() => {
    if (state === "open") {
      const ends = [followLive(), refreshLiveQueries()];
      return () => ends.forEach((end) => end());
    }
    if (state === "unreachable") {
      const timer = setInterval(() => void openSession(), AGAIN_MILLISECONDS);
      return () => clearInterval(timer);
    }
    return undefined;
  }, [state]);
  if (state !== "open") return <Gate state={state} why={why} />;
  return (
    <QueryClientProvider client={queries}>
      <Shell />
    </QueryClientProvider>
  );
}
