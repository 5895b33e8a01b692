import type { ActionName, ActionView } from "./actions";

interface Props {
  actions: readonly ActionView[];
  mayAct: boolean;
  busy: boolean;
  onAction: (name: ActionName) => void;
}

export function ActionBar({ actions, mayAct, busy, onAction }: Props) {
  return (
    <div className="actions" role="toolbar" aria-label="Actions">
      {actions.map((action) => (
        <button
          key={action.name}
          type="button"
          className={action.primary ? "button button-primary" : "button"}
          disabled={!mayAct || busy}
          title={mayAct ? undefined : "Your role may only read"}
          data-testid={`action-${action.name}`}
          onClick={() => onAction(action.name)}
        >
          {action.label} <kbd>{action.key}</kbd>
        </button>
      ))}
    </div>
  );
}
