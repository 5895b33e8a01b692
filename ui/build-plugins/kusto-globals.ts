import type { Plugin } from "vite";

/**
 * Makes the Kusto language service loadable as an ES module.
 *
 * The service is C# compiled to JavaScript by Bridge.NET: four plain scripts that talk to each other through globals and
 * look for `module`/`global` first. Wrapped here so that each sees the worker's global object as `this` and no CommonJS,
 * they work under any bundler format and without `eval`.
 */
export function kustoGlobals(): Plugin {
  const scripts = /[\\/]@kusto[\\/]language-service(-next)?[\\/][^\\/]+\.min\.js$/;
  return {
    name: "kusto-globals",
    enforce: "pre",
    transform(code, id) {
      if (!scripts.test(id.split("?")[0] ?? id)) return null;
      const wrapped = `(function (module, exports, define) {${code}\n}).call(globalThis);\nexport {};\n`;
      return { code: wrapped, map: null };
    },
  };
}
