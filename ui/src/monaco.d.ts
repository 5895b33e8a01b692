/** Entry points of Monaco that ship without types. */
declare module "monaco-editor/esm/vs/editor/edcore.main.js";
