import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client";
import { App } from "./App";
import { endSession } from "./api/queries";
import { ToastProvider } from "./components/toasts";
import { applyTheme, PreferencesProvider } from "./theme/preferences";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/components.css";
import "./styles/grid.css";
import "./styles/pages.css";

applyTheme();

/** A session that ended sends the user back to sign-in, whatever page asked. A wrong password is a 401 of another kind. */
const onError = (error: unknown) => {
  if (error instanceof ApiError && error.code === "unauthorized") endSession(client);
};

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A mistake of the request will not mend itself; a server that restarts will.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <PreferencesProvider>
          <ToastProvider>
            <App />
          </ToastProvider>
        </PreferencesProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
