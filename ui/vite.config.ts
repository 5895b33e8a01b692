import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { kustoGlobals } from "./build-plugins/kusto-globals";

const server = process.env.WATCHFLOOR_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [kustoGlobals(), react()],
  worker: { format: "es", plugins: () => [kustoGlobals()] },
  build: {
    outDir: "dist",
    assetsDir: "assets",
    sourcemap: false,
    // The policy allows `data:` fonts and images, but a file can be cached and a data URL cannot.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 9000,
  },
  // The plug-in's scripts must pass `kustoGlobals`, so the development server may not bundle them beforehand; what they
  // import in CommonJS form must be.
  optimizeDeps: {
    exclude: ["@kusto/monaco-kusto", "@kusto/language-service", "@kusto/language-service-next"],
    include: ["@kusto/monaco-kusto > xregexp", "@kusto/monaco-kusto > vscode-languageserver-types", "@kusto/monaco-kusto > lodash-es/debounce"],
  },
  server: { proxy: { "/api": server, "/healthz": server, "/readyz": server } },
});
