import type { ActionName, ActionView } from "./actions";

interface Props {
  actions: readonly ActionView[];
  busy: boolean;
  onAction: (name: ActionName) => void;
}

export function ActionBar({ actions, busy, onAction }: Props) {
  return (
    <div className="actions" role="toolbar" aria-label="Actions">
      {actions.map((action) => (
        <button
          key={action.name}
          type="button"
          className={action.primary ? "button button-primary" : "button"}
          disabled={busy}
          data-testid={`action-${action.name}`}
          onClick={() => onAction(action.name)}
        >
          {action.label} <kbd>{action.key}</kbd>
        </button>
      ))}
    </div>
  );
}
