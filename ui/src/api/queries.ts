import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { ApiError, get, post, setCsrf } from "./client";
import type { ActionBody, MetricsBy, QueueScope, ServerAction, Session } from "./types";

export const keys = {
  session: ["session"] as const,
  /** True once a session ended by itself: the sign-in page then says so. */
  sessionEnded: ["session", "ended"] as const,
  summary: ["summary"] as const,
  incidents: ["incidents"] as const,
  incident: (number: number) => ["incident", number] as const,
};

/** The signed-in user, or null when nobody is. */
export function useSession() {
  return useQuery({
    queryKey: keys.session,
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<Session | null> => {
      try {
        const session = await get("/api/v1/session", { signal });
        setCsrf(session.csrf);
        return session;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
  });
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; password: string }) => post("/api/v1/login", { body }),
    onSuccess: (session) => {
      setCsrf(session.csrf);
      client.setQueryData(keys.sessionEnded, false);
      client.setQueryData(keys.session, session);
    },
  });
}

/** Notes that the server no longer knows the session. What was on the screen goes with it; the address stays. */
export function endSession(client: QueryClient): void {
  if (client.getQueryData(keys.session)) client.setQueryData(keys.sessionEnded, true);
  leave(client);
}

function leave(client: QueryClient): void {
  setCsrf("");
  client.setQueryData(keys.session, null);
  // What one user saw must not be there for the next. The session itself stays: the page listens to it.
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => post("/api/v1/logout", {}),
    onSettled: () => leave(client),
  });
}

export const useSummary = () =>
  useQuery({
    queryKey: keys.summary,
    queryFn: ({ signal }) => get("/api/v1/summary", { signal }),
    refetchInterval: 30_000,
  });

/** Rows asked for at once. The server may send fewer; the next offset follows what came. */
const PAGE_ROWS = 1000;

/**
 * The whole queue of a scope, fetched page after page in the background: filters on the page then see every incident, and
 * the first rows are on the screen after the first page.
 */
export function useIncidentList(scope: QueueScope, search: string) {
  const query = useInfiniteQuery({
    queryKey: [...keys.incidents, scope, search],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      get("/api/v1/incidents", {
        query: { status: scope, limit: PAGE_ROWS, offset: pageParam, ...(search ? { search } : {}) },
        signal,
      }),
    getNextPageParam: (last, _pages, offset) => {
      const next = offset + last.items.length;
      return last.items.length > 0 && next < last.total ? next : undefined;
    },
    placeholderData: (previous) => previous,
  });
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, fetchNextPage]);
  return query;
}

export const useIncident = (number: number) =>
  useQuery({
    queryKey: keys.incident(number),
    queryFn: ({ signal }) => get("/api/v1/incidents/{number}", { path: { number }, signal }),
  });

export const useEvidence = (number: number) =>
  useQuery({
    queryKey: [...keys.incident(number), "evidence"],
    queryFn: ({ signal }) => get("/api/v1/incidents/{number}/evidence", { path: { number }, signal }),
    staleTime: 60_000,
  });

export const useScope = (number: number, hours: number) =>
  useQuery({
    queryKey: [...keys.incident(number), "scope", hours],
    queryFn: ({ signal }) => get("/api/v1/incidents/{number}/scope", { path: { number }, query: { hours }, signal }),
    staleTime: 60_000,
  });

export interface IncidentAction {
  action: ServerAction;
  body?: ActionBody;
}

/** Posts one change to an incident; the answer is the incident as it then is. */
export const changeIncident = (number: number, { action, body = {} }: IncidentAction) =>
  post("/api/v1/incidents/{number}/{action}", { path: { number, action }, body });

/** Changes an incident, and refreshes what shows it. */
export function useIncidentAction(number: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: IncidentAction) => changeIncident(number, change),
    onSuccess: (incident) => {
      if (incident.number === number) client.setQueryData(keys.incident(number), incident);
      else void client.invalidateQueries({ queryKey: keys.incident(number) });
      void client.invalidateQueries({ queryKey: keys.incidents });
      void client.invalidateQueries({ queryKey: keys.summary });
      void client.invalidateQueries({ queryKey: ["metrics"] });
    },
  });
}

/** Acknowledges an incident of the queue. */
export function useAcknowledge() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (number: number) => changeIncident(number, { action: "acknowledge" }),
    onSuccess: (incident) => {
      client.setQueryData(keys.incident(incident.number), incident);
      void client.invalidateQueries({ queryKey: keys.incidents });
      void client.invalidateQueries({ queryKey: keys.summary });
    },
  });
}

/** Notes that a person opened an alert, which acknowledges it. */
export function useOpenAlert(incident: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => post("/api/v1/alerts/{id}/open", { path: { id } }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.incident(incident) });
      void client.invalidateQueries({ queryKey: keys.summary });
    },
  });
}

export const useSchema = () =>
  useQuery({ queryKey: ["schema"], queryFn: ({ signal }) => get("/api/v1/schema", { signal }), staleTime: 300_000 });

export const useRules = () =>
  useQuery({ queryKey: ["rules"], queryFn: ({ signal }) => get("/api/v1/rules", { signal }) });

export const useSources = () =>
  useQuery({
    queryKey: ["sources"],
    queryFn: ({ signal }) => get("/api/v1/sources", { signal }),
    refetchInterval: 15_000,
  });

export const useRejects = () =>
  useQuery({
    queryKey: ["rejects"],
    queryFn: ({ signal }) => get("/api/v1/rejects", { query: { limit: 500 }, signal }),
  });

export const useUsers = () =>
  useQuery({ queryKey: ["users"], queryFn: ({ signal }) => get("/api/v1/users", { signal }), staleTime: 60_000 });

export const useMetrics = (since: string, by: MetricsBy) =>
  useQuery({
    queryKey: ["metrics", since, by],
    queryFn: ({ signal }) => get("/api/v1/metrics", { query: { since, by }, signal }),
    placeholderData: (previous) => previous,
  });
