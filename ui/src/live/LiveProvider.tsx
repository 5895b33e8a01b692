import { useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { keys } from "../api/queries";
import { followEvents, type LiveState } from "./events";

const Context = createContext<LiveState>("connecting");

/** Refetches what a live event touches, in bursts: a storm of alerts must not become a storm of requests. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>("connecting");

  useEffect(() => {
    const changed = new Set<number>();
    let listTimer: ReturnType<typeof setTimeout> | undefined;
    let shortTimer: ReturnType<typeof setTimeout> | undefined;

    // A long queue is many requests, so it is read again less often.
    const refreshListSoon = () => {
      if (listTimer !== undefined) return;
      const pages = client
        .getQueriesData<InfiniteData<unknown>>({ queryKey: keys.incidents })
        .reduce((most, [, data]) => Math.max(most, data?.pages.length ?? 0), 0);
      listTimer = setTimeout(
        () => {
          listTimer = undefined;
          void client.invalidateQueries({ queryKey: keys.incidents });
        },
        pages > 1 ? pages * 1500 : 600,
      );
    };
    const refreshSoon = () => {
      if (shortTimer !== undefined) return;
      shortTimer = setTimeout(() => {
        shortTimer = undefined;
        void client.invalidateQueries({ queryKey: keys.summary });
        for (const number of changed) void client.invalidateQueries({ queryKey: keys.incident(number) });
        changed.clear();
      }, 400);
    };

    const stop = followEvents({
      onState: setState,
      onIncident: (number) => {
        if (number !== null) changed.add(number);
        refreshSoon();
        refreshListSoon();
      },
      onSummary: refreshSoon,
      onResume: () => void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "session" }),
    });
    return () => {
      stop();
      clearTimeout(listTimer);
      clearTimeout(shortTimer);
    };
  }, [client]);

  return <Context value={state}>{children}</Context>;
}

export const useLiveState = (): LiveState => useContext(Context);
