import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { ApiError } from "../api/client";
import { keys, useSignIn } from "../api/queries";
import { errorText } from "../components/states";
import { useTitle } from "../components/useTitle";

export function SignInPage() {
  useTitle("Sign in");
  const signIn = useSignIn();
  const ended = useQueryClient().getQueryData(keys.sessionEnded) === true;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ name: name.trim(), password });
  };
  const wrong = signIn.error instanceof ApiError && signIn.error.status === 401;
  const failure = signIn.error ? errorText(signIn.error) : null;
  return (
    <main className="signin">
      <form className="card signin-card" onSubmit={submit}>
        <div className="brand">
          <img src="/favicon.svg" alt="" width="34" height="34" />
          <h1>Watchfloor</h1>
        </div>
        <p className="muted">Detect, respond, recover.</p>
        {ended ? (
          <p className="notice" role="status">
            Your session has ended. Sign in, and you are back where you were.
          </p>
        ) : null}
        <label>
          Name
          <input name="name" autoComplete="username" autoFocus required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        {failure ? (
          <div className="form-error" role="alert">
            {wrong ? "That name and password don't match." : failure.message}
            <div className="state-hint">
              {wrong ? (
                <>
                  The first password is printed when the server starts for the first time. Reset one with{" "}
                  <code>watchfloor users reset-password NAME</code>.
                </>
              ) : (
                failure.hint
              )}
            </div>
          </div>
        ) : null}
        <button type="submit" className="button button-primary" disabled={signIn.isPending}>
          {signIn.isPending ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
