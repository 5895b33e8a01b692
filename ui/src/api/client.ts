import type { paths } from "./schema";
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

type Method = "get" | "post";

/** Addresses that answer a method, as the OpenAPI document writes them. */
export type Address<M extends Method> = {
  [A in keyof paths]: paths[A] extends Record<M, { responses: unknown }> ? A : never;
}[keyof paths];

/** What a call must and may be given: the values for the braces of its address, its query, its body. */
type Input<Operation> = { signal?: AbortSignal } & (Operation extends { parameters: { path: infer Path } } ? { path: Path } : unknown) &
  (Operation extends { parameters: { query?: infer Query } } ? { query?: Query } : unknown) &
  (Operation extends { requestBody: { content: { "application/json": infer Body } } } ? { body: Body } : unknown);

export type Answer<Operation> = Operation extends { responses: { 200: { content: { "application/json": infer Body } } } } ? Body : undefined;

interface Request {
  path?: object;
  query?: object;
  body?: unknown;
  signal?: AbortSignal;
}

/** The address with its braces filled and its query appended; what is undefined is left out. */
export function fillAddress(address: string, path: object = {}, query: object = {}): string {
  const values = new Map<string, unknown>(Object.entries(path));
  const filled = address.replace(/\{(\w+)\}/g, (_braces, name: string) => encodeURIComponent(String(values.get(name))));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null) search.set(name, String(value));
  return search.size > 0 ? `${filled}?${search}` : filled;
}

async function call<T>(method: Method, address: string, { path, query, body, signal }: Request): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method === "post") {
    headers["X-Watchfloor-CSRF"] = csrfToken;
    headers["Content-Type"] = "application/json";
  }
  let response: Response;
  try {
    response = await fetch(fillAddress(address, path, query), {
      method: method.toUpperCase(),
      headers,
      credentials: "same-origin",
      ...(method === "post" ? { body: JSON.stringify(body ?? {}) } : {}),
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

export const get = <A extends Address<"get">>(address: A, input: Input<paths[A]["get"]>): Promise<Answer<paths[A]["get"]>> =>
  call("get", address, input);
export const post = <A extends Address<"post">>(address: A, input: Input<paths[A]["post"]>): Promise<Answer<paths[A]["post"]>> =>
  call("post", address, input);
