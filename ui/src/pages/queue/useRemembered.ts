import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";

/**
 * State of the queue page that outlives the page, as long as the user stays signed in: it lives in the query cache, which
 * is emptied with the session.
 */
export function useRemembered<T>(name: string, initial: T): [T, (value: T) => void] {
  const client = useQueryClient();
  const key = ["queue view", name];
  const [value, keep] = useState<T>(() => client.getQueryData<T>(key) ?? initial);
  const set = useCallback(
    (next: T) => {
      client.setQueryDefaults(["queue view"], { gcTime: Infinity });
      client.setQueryData(["queue view", name], next);
      keep(next);
    },
    [client, name],
  );
  return [value, set];
}
