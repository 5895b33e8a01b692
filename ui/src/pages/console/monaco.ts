/**
 * Monaco with Microsoft's Kusto language plug-in, from this server only.
 *
 * The plug-in gives colours, completion and hover help; what is wrong with a query is said by the server alone, whose
 * dialect is the one that runs. Nothing here needs `eval`, a blob or another host.
 */
// First: the editor's parts must be registered before the plug-in asks for the first of its services.
import "monaco-editor/esm/vs/editor/edcore.main";
import { getKustoWorker, kustoDefaults } from "@kusto/monaco-kusto";
import KustoWorker from "@kusto/monaco-kusto/release/esm/kusto.worker?worker";
import * as monaco from "monaco-editor/esm/vs/editor/editor.api";
import EditorWorker from "monaco-editor/esm/vs/editor/editor.worker?worker";
import type { Diagnostic, Schema } from "../../api/types";
import { rangeOfSpan } from "../../text/spans";

self.MonacoEnvironment = {
  getWorker: (_id: string, label: string) => (label === "kusto" ? new KustoWorker() : new EditorWorker()),
};

kustoDefaults.setLanguageSettings({
  ...kustoDefaults.languageSettings,
  includeControlCommands: false,
  enableQueryWarnings: false,
  enableQuerySuggestions: false,
  openSuggestionDialogAfterPreviousSuggestionAccepted: false,
});

const PLUGIN_MARKERS = "kusto";
const SERVER_MARKERS = "watchfloor";

// Two opinions on one query would confuse: the plug-in's markers go as soon as they come.
monaco.editor.onDidChangeMarkers((resources) => {
  for (const resource of resources) {
    const model = monaco.editor.getModel(resource);
    if (model && monaco.editor.getModelMarkers({ resource, owner: PLUGIN_MARKERS }).length > 0) {
      monaco.editor.setModelMarkers(model, PLUGIN_MARKERS, []);
    }
  }
});

// The plug-in colours the words by its own style sheet; only the ground is ours.
monaco.editor.defineTheme("watchfloor-light", {
  base: "vs",
  inherit: true,
  rules: [],
  colors: { "editor.background": "#ffffff", "editorLineNumber.foreground": "#6b7885" },
});
monaco.editor.defineTheme("watchfloor-dark", {
  base: "vs-dark",
  inherit: true,
  rules: [],
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

/** Tells the plug-in the tables and functions of this server, for completion and colours. */
export async function teachSchema(model: monaco.editor.ITextModel, schema: Schema): Promise<void> {
  const database = {
    name: "watchfloor",
    majorVersion: 1,
    minorVersion: 0,
    entityGroups: [],
    // Built-in functions are the plug-in's own; the server's list explains what it runs.
    functions: [],
    tables: schema.tables.map((table) => ({
      name: table.name,
      entityType: "Table" as const,
      docstring: table.rows > 0 ? `${table.rows.toLocaleString("en")} rows` : "no rows yet",
      columns: table.columns.map(({ name, type }) => ({ name, type })),
    })),
  };
  const accessor = await getKustoWorker();
  const worker = await accessor(model.uri);
  await worker.setSchema({
    clusterType: "Engine",
    cluster: { connectionString: "watchfloor", databases: [database] },
    database,
  });
}

export { monaco };
