/**
 * Completion, hover help, signatures and layout of KQL. The server answers: it knows the tables that are there and the
 * dialect that runs, and the editor, `watchfloor kql` and the engine never disagree.
 */
import * as monaco from "monaco-editor/esm/vs/editor/editor.api.js";
import { post } from "../../api/client";
import type { Completion } from "../../api/types";
import { byteOffset, rangeOfBytes } from "../../text/spans";
import { visible } from "../../text/visible";
import { parametersOf } from "./signature";

const KINDS: Record<Completion["kind"], monaco.languages.CompletionItemKind> = {
  operator: monaco.languages.CompletionItemKind.Keyword,
  keyword: monaco.languages.CompletionItemKind.Keyword,
  column: monaco.languages.CompletionItemKind.Field,
  table: monaco.languages.CompletionItemKind.Class,
  function: monaco.languages.CompletionItemKind.Function,
  aggregate: monaco.languages.CompletionItemKind.Function,
  plugin: monaco.languages.CompletionItemKind.Module,
  variable: monaco.languages.CompletionItemKind.Variable,
  option: monaco.languages.CompletionItemKind.Property,
  type: monaco.languages.CompletionItemKind.TypeParameter,
  value: monaco.languages.CompletionItemKind.Value,
};

/** Ends a request when the editor no longer wants its answer. */
function signalOf(token: monaco.CancellationToken): AbortSignal {
  const controller = new AbortController();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}

function place(model: monaco.editor.ITextModel, position: monaco.IPosition) {
  const query = model.getValue();
  return { query, position: byteOffset(query, model.getOffsetAt(position)) };
}

/** No answer is no help; the editor goes on. */
async function asked<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch {
    return null;
  }
}

function rangeOf(text: string, start: number, end: number): monaco.IRange {
  const range = rangeOfBytes(text, start, end);
  return { startLineNumber: range.start.line, startColumn: range.start.column, endLineNumber: range.end.line, endColumn: range.end.column };
}

/** Text as code in Markdown: names come from logs, and nothing in them may become a link. */
const code = (text: string): string => `~~~kql\n${visible(text).replaceAll("~~~", "~ ~ ~")}\n~~~`;

const completion: monaco.languages.CompletionItemProvider = {
  triggerCharacters: ["|", " ", "(", ".", ",", "=", "$"],
  provideCompletionItems: async (model, position, _context, token) => {
    const body = place(model, position);
    const answer = await asked(post("/api/v1/query/complete", { body, signal: signalOf(token) }));
    if (!answer) return null;
    const range = rangeOf(body.query, answer.start, answer.end);
    return {
      incomplete: answer.more,
      suggestions: answer.items.map((item, index) => ({
        label: { label: visible(item.label), description: visible(item.detail) },
        kind: KINDS[item.kind],
        insertText: item.insert,
        filterText: item.label,
        sortText: String(index).padStart(5, "0"),
        documentation: item.doc,
        range,
      })),
    };
  },
};

const hover: monaco.languages.HoverProvider = {
  provideHover: async (model, position, token) => {
    const body = place(model, position);
    const answer = await asked(post("/api/v1/query/hover", { body, signal: signalOf(token) }));
    if (!answer?.hover) return null;
    const { start, end, title, doc, example } = answer.hover;
    const contents = [title && code(title), doc && visible(doc), example && code(example)].filter(Boolean).map((value) => ({ value: value as string }));
    return { range: rangeOf(body.query, start, end), contents };
  },
};

const signature: monaco.languages.SignatureHelpProvider = {
  signatureHelpTriggerCharacters: ["(", ","],
  signatureHelpRetriggerCharacters: [")"],
  provideSignatureHelp: async (model, position, token) => {
    const body = place(model, position);
    const answer = await asked(post("/api/v1/query/signature", { body, signal: signalOf(token) }));
    if (!answer || answer.signatures.length === 0) return null;
    return {
      dispose: () => undefined,
      value: {
        activeSignature: answer.active_signature,
        activeParameter: answer.active_parameter,
        signatures: answer.signatures.map((label) => ({
          label: visible(label),
          documentation: answer.doc,
          parameters: parametersOf(visible(label)).map((place) => ({ label: place })),
        })),
      },
    };
  },
};

const layout: monaco.languages.DocumentFormattingEditProvider = {
  displayName: "Watchfloor",
  provideDocumentFormattingEdits: async (model, _options, token) => {
    const query = model.getValue();
    const answer = await asked(post("/api/v1/query/format", { body: { query }, signal: signalOf(token) }));
    if (!answer) return [];
    // A file ends with a line end; what is typed here need not.
    const text = query.endsWith("\n") ? answer.text : answer.text.replace(/\n$/, "");
    return text !== query ? [{ range: model.getFullModelRange(), text }] : [];
  },
};

export function registerHelp(language: string): void {
  monaco.languages.registerCompletionItemProvider(language, completion);
  monaco.languages.registerHoverProvider(language, hover);
  monaco.languages.registerSignatureHelpProvider(language, signature);
  monaco.languages.registerDocumentFormattingEditProvider(language, layout);
}
