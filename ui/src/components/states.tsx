import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { visible } from "../text/visible";

export function Loading({ what }: { what: string }) {
  return (
    <div className="state" role="status">
      <span className="spinner" aria-hidden="true" />
      Loading {what}…
    </div>
  );
}

/** Nothing to show, and what to do about it. */
export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <strong>{title}</strong>
      {children ? <div className="state-hint">{children}</div> : null}
    </div>
  );
}

export function errorText(error: unknown): { message: string; hint: string | null } {
  if (error instanceof ApiError) return { message: visible(error.message), hint: error.hint ? visible(error.hint) : null };
  return { message: error instanceof Error ? visible(error.message) : "something went wrong", hint: null };
}

export function ErrorState({ error, what, onRetry }: { error: unknown; what: string; onRetry?: () => void }) {
  const { message, hint } = errorText(error);
  return (
    <div className="state state-error" role="alert">
      <strong>Could not load {what}</strong>
      <div>{message}</div>
      {hint ? <div className="state-hint">{hint}</div> : null}
      {onRetry ? (
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      ) : null}
    </div>
  );
}
