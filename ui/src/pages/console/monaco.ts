/**
 * The editor with KQL, from this server only. Nothing here needs `eval`, a blob or another host.
 */
import "monaco-editor/esm/vs/editor/edcore.main.js";
import * as monaco from "monaco-editor/esm/vs/editor/editor.api.js";
import EditorWorker from "monaco-editor/esm/vs/editor/editor.worker.js?worker";
import type { Diagnostic } from "../../api/types";
import { rangeOfSpan } from "../../text/spans";
import { colours, configuration } from "./kqlColours";
import { registerHelp } from "./kqlHelp";

self.MonacoEnvironment = { getWorker: () => new EditorWorker() };

export const LANGUAGE = "kql";
const SERVER_MARKERS = "watchfloor";

monaco.languages.register({ id: LANGUAGE });
monaco.languages.setLanguageConfiguration(LANGUAGE, configuration);
monaco.languages.setMonarchTokensProvider(LANGUAGE, colours);
registerHelp(LANGUAGE);

monaco.editor.defineTheme("watchfloor-light", {
  base: "vs",
  inherit: true,
  rules: [
    { token: "keyword", foreground: "0b57a4" },
    { token: "function", foreground: "7a4a00" },
    { token: "type", foreground: "1c6b6b" },
    { token: "constant", foreground: "0b57a4" },
    { token: "variable", foreground: "6a3d9a" },
    { token: "string", foreground: "9a2a1f" },
    { token: "string.escape", foreground: "7a1f5c" },
    { token: "number", foreground: "17693a" },
    { token: "comment", foreground: "52616f" },
  ],
  colors: { "editor.background": "#ffffff", "editorLineNumber.foreground": "#6b7885" },
});
monaco.editor.defineTheme("watchfloor-dark", {
  base: "vs-dark",
  inherit: true,
  rules: [
    { token: "keyword", foreground: "6cb6ff" },
    { token: "function", foreground: "e3c78a" },
    { token: "type", foreground: "5fd0c5" },
    { token: "constant", foreground: "6cb6ff" },
    { token: "variable", foreground: "cda9f5" },
    { token: "string", foreground: "f0a08f" },
    { token: "string.escape", foreground: "f2b6de" },
    { token: "number", foreground: "a5d6a0" },
    { token: "comment", foreground: "8b9aa8" },
  ],
  colors: { "editor.background": "#0f151c", "editorLineNumber.foreground": "#6d7c8b" },
});

export const themeOf = (dark: boolean): string => (dark ? "watchfloor-dark" : "watchfloor-light");

/** Shows the server's diagnostics in the text they speak of. */
export function showDiagnostics(model: monaco.editor.ITextModel, text: string, diagnostics: readonly Diagnostic[]): void {
  // A newer text is being checked already; these spans would point at the wrong place.
  if (model.getValue() !== text) return;
  const severities = { error: monaco.MarkerSeverity.Error, warning: monaco.MarkerSeverity.Warning };
  monaco.editor.setModelMarkers(
    model,
    SERVER_MARKERS,
    diagnostics.map((diagnostic) => {
      const { start, end } = rangeOfSpan(text, diagnostic.start, diagnostic.end);
      return {
        severity: severities[diagnostic.severity],
        code: diagnostic.code,
        source: "Watchfloor",
        message: diagnostic.hint ? `${diagnostic.message}\n${diagnostic.hint}` : diagnostic.message,
        startLineNumber: start.line,
        startColumn: start.column,
        endLineNumber: end.line,
        endColumn: end.column,
      };
    }),
  );
}

export { monaco };
