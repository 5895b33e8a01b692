import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.WATCHFLOOR_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  worker: { format: "es" },
  build: {
    outDir: "dist",
    assetsDir: "assets",
    sourcemap: false,
    // The policy allows `data:` fonts and images, but a file can be cached and a data URL cannot.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 9000,
  },
  server: { proxy: { "/api": server, "/healthz": server, "/readyz": server } },
});
