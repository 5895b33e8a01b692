import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import { errorText } from "./states";

interface Toast {
  id: number;
  kind: "done" | "error";
  message: string;
  hint: string | null;
}

interface Toasts {
  done: (message: string) => void;
  failed: (what: string, error: unknown) => void;
}

const Context = createContext<Toasts | null>(null);
const DONE_MS = 4000;

/** Short answers to what the user just did. A failure stays until it is dismissed. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const dismiss = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const add = useCallback(
    (kind: Toast["kind"], message: string, hint: string | null) => {
      const id = performance.now() + Math.random();
      setToasts((all) => [...all.slice(-3), { id, kind, message, hint }]);
      if (kind === "done") setTimeout(() => dismiss(id), DONE_MS);
    },
    [dismiss],
  );
  const value = useMemo<Toasts>(
    () => ({
      done: (message) => add("done", message, null),
      failed: (what, error) => {
        const { message, hint } = errorText(error);
        add("error", `${what}: ${message}`, hint);
      },
    }),
    [add],
  );
  return (
    <Context value={value}>
      {children}
      <div className="toasts" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={`toast toast-${toast.kind}`} role={toast.kind === "error" ? "alert" : "status"}>
            <div>
              {toast.message}
              {toast.hint ? <div className="state-hint">{toast.hint}</div> : null}
            </div>
            <button type="button" className="button-quiet" aria-label="Dismiss" onClick={() => dismiss(toast.id)}>
              ✕
            </button>
          </div>
        ))}
      </div>
    </Context>
  );
}

export function useToasts(): Toasts {
  const value = useContext(Context);
  if (!value) throw new Error("useToasts outside ToastProvider");
  return value;
}
