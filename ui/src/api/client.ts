import type { Diagnostic, ErrorBody } from "./types";

/** A failed call, with what the server says can be done about it. `status` 0 means that no answer came. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | null;
  readonly diagnostics: Diagnostic[];

  constructor(status: number, code: string, message: string, hint: string | null, diagnostics: Diagnostic[] = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.diagnostics = diagnostics;
  }
}

let csrfToken = "";

/** Remembers the token that state-changing calls must carry. It lives in memory only, never in storage. */
export function setCsrf(token: string): void {
  csrfToken = token;
}

async function failure(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as ErrorBody;
    return new ApiError(response.status, error.code, error.message, error.hint ?? null, error.diagnostics ?? []);
  } catch {
    const what = text.trim().slice(0, 200) || response.statusText || "no further detail";
    return new ApiError(response.status, "http", `the server answered ${response.status}: ${what}`, null);
  }
}

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") {
    headers["X-Watchfloor-CSRF"] = csrfToken;
    headers["Content-Type"] = "application/json";
  }
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
      ...(signal ? { signal } : {}),
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "unreachable", "the server did not answer", "Check that it is running and reachable, then try again.");
  }
  if (!response.ok) throw await failure(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => call<T>("GET", path, undefined, signal);
export const post = <T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> =>
  call<T>("POST", path, body, signal);
