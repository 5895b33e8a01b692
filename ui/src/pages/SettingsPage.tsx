import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { post } from "../api/client";
import { useSession, useSignOut } from "../api/queries";
import { errorText } from "../components/states";
import { useTitle } from "../components/useTitle";
import { useToasts } from "../components/toasts";
import { ShortcutList } from "../shell/Shell";
import { localZoneName } from "../text/time";
import { usePreferences, type Theme } from "../theme/preferences";

export function SettingsPage() {
  useTitle("Settings");
  const { data: session } = useSession();
  const signOut = useSignOut();
  return (
    <section className="plain-page">
      <div className="toolbar">
        <h1>Settings</h1>
        <span className="spacer" />
        <span>
          {session?.user.name} <span className="muted">({session?.user.role})</span>
        </span>
        <button type="button" className="button" onClick={() => signOut.mutate()}>
          Sign out
        </button>
      </div>
      <div className="scroll-page settings" role="region" aria-label="Settings" tabIndex={0}>
        <Display />
        <Password hint={session?.user.must_change_password ?? false} />
        <section className="card settings-wide">
          <h2>Keyboard shortcuts</h2>
          <ShortcutList />
        </section>
      </div>
    </section>
  );
}

const THEMES: readonly [Theme, string][] = [
  ["system", "As the system"],
  ["dark", "Dark"],
  ["light", "Light"],
];

function Display() {
  const { zone, setZone, theme, setTheme } = usePreferences();
  return (
    <section className="card">
      <h2>Display</h2>
      <div className="setting">
        <span>Times</span>
        <div className="segments" role="group" aria-label="Zone of times">
          <button type="button" aria-pressed={zone === "utc"} onClick={() => setZone("utc")}>
            UTC
          </button>
          <button type="button" aria-pressed={zone === "local"} onClick={() => setZone("local")}>
            Local ({localZoneName(new Date())})
          </button>
        </div>
      </div>
      <p className="small muted">Everything is stored in UTC. Every time on the screen names its zone.</p>
      <div className="setting">
        <span>Theme</span>
        <div className="segments" role="group" aria-label="Theme">
          {THEMES.map(([value, label]) => (
            <button key={value} type="button" aria-pressed={theme === value} onClick={() => setTheme(value)}>
              {label}
            </button>
          ))}
        </div>
      </div>
    </section>
  );
}

function Password({ hint }: { hint: boolean }) {
  const toasts = useToasts();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const change = useMutation({
    mutationFn: () => post("/api/v1/password", { body: { current, new: next } }),
    onSuccess: () => {
      setCurrent("");
      setNext("");
      setAgain("");
      toasts.done("Password changed");
    },
  });
  const differs = again !== "" && again !== next;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!differs) change.mutate();
  };
  const failure = change.error ? errorText(change.error) : null;
  return (
    <section className="card">
      <h2>Password</h2>
      {hint ? <p className="notice notice-warning">You still use the one-time password. Choose one of your own.</p> : null}
      <form onSubmit={submit} className="form">
        <label>
          Current password
          <input type="password" autoComplete="current-password" required value={current} onChange={(event) => setCurrent(event.target.value)} />
        </label>
        <label>
          New password
          <input type="password" autoComplete="new-password" required value={next} onChange={(event) => setNext(event.target.value)} />
        </label>
        <label>
          New password again
          <input type="password" autoComplete="new-password" required value={again} onChange={(event) => setAgain(event.target.value)} />
        </label>
        {differs ? <div className="form-error">The two new passwords differ.</div> : null}
        {failure ? (
          <div className="form-error" role="alert">
            {failure.message}
            {failure.hint ? <div className="state-hint">{failure.hint}</div> : null}
          </div>
        ) : null}
        <button type="submit" className="button button-primary" disabled={change.isPending || differs}>
          Change password
        </button>
      </form>
    </section>
  );
}
