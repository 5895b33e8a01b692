import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import type { Zone } from "../text/time";

export type Theme = "system" | "dark" | "light";

interface Preferences {
  zone: Zone;
  theme: Theme;
  /** What `theme` comes to on this machine. */
  dark: boolean;
  setZone: (zone: Zone) => void;
  setTheme: (theme: Theme) => void;
}

const Context = createContext<Preferences | null>(null);

function stored<T extends string>(key: string, allowed: readonly T[], fallback: T): T {
  const value = localStorage.getItem(key);
  return allowed.find((one) => one === value) ?? fallback;
}

const THEMES = ["system", "dark", "light"] as const;
const darkQuery = () => window.matchMedia("(prefers-color-scheme: dark)");

/** Puts the theme on the document before the first paint; called once more whenever it changes. */
export function applyTheme(theme: Theme = stored("wf.theme", THEMES, "system")): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** Zone and theme: choices of the person at this browser, kept in its local storage. */
export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [zone, keepZone] = useState<Zone>(() => stored("wf.zone", ["utc", "local"] as const, "utc"));
  const [theme, keepTheme] = useState<Theme>(() => stored("wf.theme", THEMES, "system"));
  const [systemDark, setSystemDark] = useState(() => darkQuery().matches);

  useEffect(() => {
    const query = darkQuery();
    const onChange = () => setSystemDark(query.matches);
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);

  const setZone = useCallback((next: Zone) => {
    localStorage.setItem("wf.zone", next);
    keepZone(next);
  }, []);
  const setTheme = useCallback((next: Theme) => {
    localStorage.setItem("wf.theme", next);
    applyTheme(next);
    keepTheme(next);
  }, []);

  const dark = theme === "system" ? systemDark : theme === "dark";
  const value = useMemo(() => ({ zone, theme, dark, setZone, setTheme }), [zone, theme, dark, setZone, setTheme]);
  return <Context value={value}>{children}</Context>;
}

export function usePreferences(): Preferences {
  const value = useContext(Context);
  if (!value) throw new Error("usePreferences outside PreferencesProvider");
  return value;
}
