import { useEffect, useRef, type ReactNode } from "react";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

/** A modal on the browser's own dialog element: focus stays inside, Escape closes, focus returns to where it was. */
export function Dialog({ title, onClose, children, wide = false }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) {
      dialog.showModal();
      // Not the closing cross, which comes first: who opens a form by its key wants to fill it in.
      dialog.querySelector<HTMLElement>("form :is(input:checked, textarea, input, select)")?.focus();
    }
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={wide ? "dialog dialog-wide" : "dialog"}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // Never a form: a press beside it, or a selection that ends there, would throw away what was typed.
        if (event.target === ref.current && !ref.current.querySelector("form")) onClose();
      }}
    >
      <div className="dialog-body">
        <header className="dialog-head">
          <h2>{title}</h2>
          <button type="button" className="button-quiet" onClick={onClose} aria-label="Close this dialog">
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
