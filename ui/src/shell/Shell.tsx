import { useState } from "react";
import { NavLink, Outlet, useNavigate } from "react-router-dom";
import { useSession } from "../api/queries";
import { Dialog } from "../components/Dialog";
import { beginSequence, useHotkeys } from "../components/hotkeys";
import { LiveProvider } from "../live/LiveProvider";
import { usePreferences } from "../theme/preferences";
import { HeaderStrip } from "./HeaderStrip";
import { Icon, type IconName } from "./icons";
import { goTarget, SHORTCUTS } from "./shortcuts";

const NAVIGATION: readonly { to: string; label: string; icon: IconName }[] = [
  { to: "/", label: "Queue", icon: "queue" },
  { to: "/console", label: "KQL console", icon: "console" },
  { to: "/rules", label: "Rules", icon: "rules" },
  { to: "/sources", label: "Sources", icon: "sources" },
  { to: "/figures", label: "Metrics", icon: "metrics" },
  { to: "/settings", label: "Settings", icon: "settings" },
];

/** What is around every page: navigation, the header strip, the keys that work everywhere. */
export function Shell() {
  const { data: session } = useSession();
  const { zone, setZone } = usePreferences();
  const navigate = useNavigate();
  const [help, setHelp] = useState(false);

  useHotkeys(({ key, sequence }) => {
    if (sequence) {
      const target = goTarget(key);
      if (target) void navigate(target);
      return target !== null;
    }
    if (key === "g") beginSequence();
    else if (key === "?") setHelp(true);
    else if (key === "z") setZone(zone === "utc" ? "local" : "utc");
    else return false;
    return true;
  }, true);

  return (
    <LiveProvider>
      <div className="shell">
        <a className="skip" href="#main">
          Skip to content
        </a>
        <nav className="rail" aria-label="Pages">
          <div className="brand">
            <img src="/favicon.svg" alt="" width="26" height="26" />
            <span>Watchfloor</span>
          </div>
          {NAVIGATION.map(({ to, label, icon }) => (
            <NavLink key={to} to={to} end={to === "/"} className="rail-link" title={label}>
              <Icon name={icon} />
              <span>{label}</span>
            </NavLink>
          ))}
          <span className="spacer" />
          <button type="button" className="rail-link" onClick={() => setHelp(true)} title="Keyboard shortcuts">
            <kbd>?</kbd>
            <span>Shortcuts</span>
          </button>
          <NavLink to="/settings" className="rail-user" title={session ? `${session.user.name} (${session.user.role})` : ""}>
            <b aria-hidden="true">{session?.user.name.slice(0, 1).toUpperCase()}</b>
            <span>
              {session?.user.name}
              <small>{session?.user.role}</small>
            </span>
          </NavLink>
        </nav>
        <div className="page">
          <HeaderStrip />
          <main id="main" tabIndex={-1}>
            <Outlet />
          </main>
        </div>
      </div>
      {help ? <ShortcutDialog onClose={() => setHelp(false)} /> : null}
    </LiveProvider>
  );
}

function ShortcutDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} wide>
      <ShortcutList />
    </Dialog>
  );
}

export function ShortcutList() {
  return (
    <div className="shortcut-groups">
      {SHORTCUTS.map((group) => (
        <section key={group.title}>
          <h3>{group.title}</h3>
          <dl className="shortcuts">
            {group.keys.map(([key, meaning]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}
