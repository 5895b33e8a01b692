/**
 * Colours of KQL in the editor. Only words are told apart here; what they mean, and what is wrong, the server says.
 */
import type { languages } from "monaco-editor/esm/vs/editor/editor.api.js";

/** Words that start a statement or a query, or stand inside an operator. */
const KEYWORDS = [
  ..."let set declare alias restrict print range datatable externaldata union search find evaluate materialize toscalar".split(" "),
  ..."by on kind with of to typeof from step asc desc nulls first last limit default view invoke as".split(" "),
];
const WORD_OPERATORS = [
  ..."and or not in has has_cs hasprefix hassuffix has_any has_all contains contains_cs startswith startswith_cs".split(" "),
  ..."endswith endswith_cs between matches regex like".split(" "),
];
const TYPES = "bool boolean int long real double decimal string datetime date timespan time guid dynamic".split(" ");
const CONSTANTS = "true false null".split(" ");

export const configuration: languages.LanguageConfiguration = {
  comments: { lineComment: "//" },
  brackets: [
    ["(", ")"],
    ["[", "]"],
    ["{", "}"],
  ],
  autoClosingPairs: [
    { open: "(", close: ")" },
    { open: "[", close: "]" },
    { open: "{", close: "}" },
    { open: '"', close: '"', notIn: ["string", "comment"] },
    { open: "'", close: "'", notIn: ["string", "comment"] },
  ],
  wordPattern: /[A-Za-z_$][\w$]*(?:-[A-Za-z][\w-]*)?/,
};

/** A string, from its opening to its closing quote. In the plain ones a backslash escapes; they end with the line. */
const plainString = (quote: string): languages.IMonarchLanguageRule[] => [
  [new RegExp(`[^\\\\${quote}]+`), "string"],
  [/\\./, "string.escape"],
  [new RegExp(quote), "string", "@pop"],
];
const verbatimString = (quote: string): languages.IMonarchLanguageRule[] => [
  [new RegExp(`[^${quote}]+`), "string"],
  [new RegExp(`${quote}${quote}`), "string.escape"],
  [new RegExp(quote), "string", "@pop"],
];

export const colours: languages.IMonarchLanguage = {
  defaultToken: "",
  keywords: KEYWORDS,
  wordOperators: WORD_OPERATORS,
  types: TYPES,
  constants: CONSTANTS,
  tokenizer: {
    root: [
      [/\/\/.*$/, "comment"],
      [/(\|)(\s*)([a-z][a-z0-9-]*)/, ["delimiter", "white", "keyword"]],
      [/[hH]?@"/, "string", "@verbatimDouble"],
      [/[hH]?@'/, "string", "@verbatimSingle"],
      [/[hH]?"/, "string", "@double"],
      [/[hH]?'/, "string", "@single"],
      [/[hH]?```/, "string", "@fenced"],
      [/[hH]?~~~/, "string", "@waved"],
      // `datetime(2026-01-31)` holds no arithmetic.
      [/\b(datetime|timespan|time|guid)(\s*\(\s*)([0-9a-fA-F][^()]*)(\))/, ["type", "delimiter", "number", "delimiter"]],
      [/0[xX][0-9a-fA-F]+/, "number"],
      [/\d+(\.\d+)?(d|h|m|s|ms|days?|hours?|minutes?|seconds?|milliseconds?|microseconds?|ticks?)\b/, "number"],
      [/\d+(\.\d+)?([eE][-+]?\d+)?/, "number"],
      [/!?(in|has|contains|startswith|endswith|hasprefix|hassuffix|between)(_cs|_any|_all)?~?(?![\w(])|!?in~?(?=\s*\()/, "keyword"],
      [/\$(left|right|table)\b/, "variable"],
      [
        /[A-Za-z_]\w*(?=\s*\()/,
        { cases: { "@keywords": "keyword", "@wordOperators": "keyword", "@types": "type", "@default": "function" } },
      ],
      [
        /[A-Za-z_]\w*/,
        { cases: { "@keywords": "keyword", "@wordOperators": "keyword", "@types": "type", "@constants": "constant", "@default": "identifier" } },
      ],
      [/[{}()[\]]/, "@brackets"],
      [/[<>=!~+\-*/%|;,.:]/, "delimiter"],
    ],
    double: plainString('"'),
    single: plainString("'"),
    verbatimDouble: verbatimString('"'),
    verbatimSingle: verbatimString("'"),
    fenced: [
      [/```/, "string", "@pop"],
      [/[^`]+|`/, "string"],
    ],
    waved: [
      [/~~~/, "string", "@pop"],
      [/[^~]+|~/, "string"],
    ],
  },
};
