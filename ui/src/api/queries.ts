import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { ApiError, get, post, setCsrf } from "./client";
import type {
  Incident,
  IncidentList,
  Metrics,
  Reject,
  Rule,
  Schema,
  Session,
  Source,
  Summary,
  Tables,
  User,
} from "./types";

export const keys = {
  session: ["session"] as const,
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
        const session = await get<Session>("/api/v1/session", signal);
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
    mutationFn: (body: { name: string; password: string }) => post<Session>("/api/v1/login", body),
    onSuccess: (session) => {
      setCsrf(session.csrf);
      client.setQueryData(keys.session, session);
    },
  });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => post<undefined>("/api/v1/logout"),
    onSettled: () => {
      setCsrf("");
      client.setQueryData(keys.session, null);
      // What one user saw must not be there for the next. The session itself stays: the page listens to it.
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
    },
  });
}

export const useSummary = () =>
  useQuery({
    queryKey: keys.summary,
    queryFn: ({ signal }) => get<Summary>("/api/v1/summary", signal),
    refetchInterval: 30_000,
  });

/** Rows asked for at once. The server may send fewer; the next offset follows what came. */
const PAGE_ROWS = 1000;

export type QueueScope = "open" | "closed" | "all";

/**
 * The whole queue of a scope, fetched page after page in the background: filters on the page then see every incident, and
 * the first rows are on the screen after the first page.
 */
export function useIncidentList(scope: QueueScope, search: string) {
  const query = useInfiniteQuery({
    queryKey: [...keys.incidents, scope, search],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) => {
      const parameters = new URLSearchParams({ status: scope, limit: String(PAGE_ROWS), offset: String(pageParam) });
      if (search) parameters.set("search", search);
      return get<IncidentList>(`/api/v1/incidents?${parameters}`, signal);
    },
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
    queryFn: ({ signal }) => get<Incident>(`/api/v1/incidents/${number}`, signal),
  });

export const useEvidence = (number: number) =>
  useQuery({
    queryKey: [...keys.incident(number), "evidence"],
    queryFn: ({ signal }) => get<Tables>(`/api/v1/incidents/${number}/evidence`, signal),
    staleTime: 60_000,
  });

export const useScope = (number: number, hours: number) =>
  useQuery({
    queryKey: [...keys.incident(number), "scope", hours],
    queryFn: ({ signal }) => get<Tables>(`/api/v1/incidents/${number}/scope?hours=${hours}`, signal),
    staleTime: 60_000,
  });

export interface IncidentAction {
  action: string;
  body?: Record<string, unknown>;
}

/** Posts one change to an incident; the answer is the incident as it now is. */
export function useIncidentAction(number: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ action, body }: IncidentAction) => post<Incident>(`/api/v1/incidents/${number}/${action}`, body),
    onSuccess: (incident) => {
      if (incident.number === number) client.setQueryData(keys.incident(number), incident);
      else void client.invalidateQueries({ queryKey: keys.incident(number) });
      void client.invalidateQueries({ queryKey: keys.incidents });
      void client.invalidateQueries({ queryKey: keys.summary });
      void client.invalidateQueries({ queryKey: ["metrics"] });
    },
  });
}

export const useSchema = () =>
  useQuery({ queryKey: ["schema"], queryFn: ({ signal }) => get<Schema>("/api/v1/schema", signal), staleTime: 300_000 });

export const useRules = () =>
  useQuery({ queryKey: ["rules"], queryFn: ({ signal }) => get<{ items: Rule[] }>("/api/v1/rules", signal) });

export const useSources = () =>
  useQuery({
    queryKey: ["sources"],
    queryFn: ({ signal }) => get<{ items: Source[] }>("/api/v1/sources", signal),
    refetchInterval: 15_000,
  });

export const useRejects = () =>
  useQuery({
    queryKey: ["rejects"],
    queryFn: ({ signal }) => get<{ items: Reject[] }>("/api/v1/rejects?limit=500", signal),
  });

export const useUsers = () =>
  useQuery({ queryKey: ["users"], queryFn: ({ signal }) => get<{ items: User[] }>("/api/v1/users", signal), staleTime: 60_000 });

export type MetricsBy = "severity" | "tier" | "source" | "rule" | "owner";

export const useMetrics = (since: string, by: MetricsBy) =>
  useQuery({
    queryKey: ["metrics", since, by],
    queryFn: ({ signal }) => get<Metrics>(`/api/v1/metrics?since=${since}&by=${by}`, signal),
    placeholderData: (previous) => previous,
  });
