import { useEffect, useImperativeHandle, useRef, useState, type Ref } from "react";
import type { Diagnostic } from "../../api/types";
import { visible } from "../../text/visible";
import { usePreferences } from "../../theme/preferences";
import { LANGUAGE, monaco, showDiagnostics, themeOf } from "./monaco";

export interface EditorHandle {
  /** The selected text, or all of it. */
  textToRun: () => { text: string; whole: boolean };
  insert: (text: string) => void;
  /** Lays the query out. */
  format: () => void;
  goTo: (line: number, column: number) => void;
  focus: () => void;
}

interface Props {
  ref: Ref<EditorHandle>;
  value: string;
  onChange: (value: string) => void;
  onRun: () => void;
  /** Escape was pressed with nothing open in the editor. */
  onLeave: () => void;
  /** What the server found, and the text that it was found in. */
  checked: { text: string; diagnostics: readonly Diagnostic[] } | null;
}

export function Editor({ ref, value, onChange, onRun, onLeave, checked }: Props) {
  const { dark } = usePreferences();
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<monaco.editor.IStandaloneCodeEditor | null>(null);
  const handlers = useRef({ onChange, onRun, onLeave });
  const first = useRef(value);
  useEffect(() => {
    handlers.current = { onChange, onRun, onLeave };
  });

  useEffect(() => {
    if (!host.current) return;
    const created = monaco.editor.create(host.current, {
      value: first.current,
      language: LANGUAGE,
      ariaLabel: "KQL query. Escape leaves the editor.",
      automaticLayout: true,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-mono"),
      fontSize: 13,
      lineHeight: 20,
      minimap: { enabled: false },
      scrollBeyondLastLine: false,
      fixedOverflowWidgets: true,
      // Text pasted out of a log is as hostile as the log: no live links, invisible characters shown.
      links: false,
      renderControlCharacters: true,
      unicodeHighlight: { invisibleCharacters: true, ambiguousCharacters: true, nonBasicASCII: false },
      // Enter starts a new line, always; Tab takes a suggestion. Otherwise the end of a line would be completed unasked.
      acceptSuggestionOnEnter: "off",
      padding: { top: 8, bottom: 8 },
    });
    const subscription = created.onDidChangeModelContent(() => handlers.current.onChange(created.getValue()));
    for (const keys of [monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, monaco.KeyMod.Shift | monaco.KeyCode.Enter]) {
      created.addCommand(keys, () => handlers.current.onRun());
    }
    // Tab indents, so there must be another way out. With a suggestion, a search or a selection open, Escape ends that first.
    created.addCommand(
      monaco.KeyCode.Escape,
      () => handlers.current.onLeave(),
      "!suggestWidgetVisible && !findWidgetVisible && !parameterHintsVisible && !editorHasSelection && !editorHasMultipleSelections && !markersNavigationVisible",
    );
    setEditor(created);
    created.focus();
    return () => {
      subscription.dispose();
      created.getModel()?.dispose();
      created.dispose();
    };
  }, []);

  useEffect(() => monaco.editor.setTheme(themeOf(dark)), [dark]);
  useEffect(() => {
    if (editor && editor.getValue() !== value) editor.setValue(value);
  }, [editor, value]);
  useEffect(() => {
    const model = editor?.getModel();
    if (model && checked) showDiagnostics(model, checked.text, checked.diagnostics);
  }, [editor, checked]);

  useImperativeHandle(
    ref,
    () => ({
      textToRun: () => {
        const selection = editor?.getSelection();
        const selected = selection && !selection.isEmpty() ? editor?.getModel()?.getValueInRange(selection) : "";
        return selected?.trim() ? { text: selected, whole: false } : { text: editor?.getValue() ?? value, whole: true };
      },
      insert: (text) => {
        editor?.trigger("schema", "type", { text: visible(text) });
        editor?.focus();
      },
      format: () => {
        void editor?.getAction("editor.action.formatDocument")?.run();
        editor?.focus();
      },
      goTo: (line, column) => {
        editor?.setPosition({ lineNumber: line, column });
        editor?.revealLineInCenter(line);
        editor?.focus();
      },
      focus: () => editor?.focus(),
    }),
    [editor, value],
  );
  return <div ref={host} className="editor" data-testid="editor" />;
}
