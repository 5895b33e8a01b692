import { lazy, Suspense } from "react";
import { createBrowserRouter, Link, RouterProvider, useRouteError } from "react-router-dom";
import { useSession } from "./api/queries";
import { EmptyState, ErrorState, Loading } from "./components/states";
import { IncidentPage } from "./pages/incident/IncidentPage";
import { QueuePage } from "./pages/queue/QueuePage";
import { RulesPage } from "./pages/RulesPage";
import { SettingsPage } from "./pages/SettingsPage";
import { SignInPage } from "./pages/SignInPage";
import { SourcesPage } from "./pages/SourcesPage";
import { useTitle } from "./components/useTitle";
import { Shell } from "./shell/Shell";

// The editor and the charts are large: they load with the first page that needs them.
const ConsolePage = lazy(() => import("./pages/console/ConsolePage"));
const MetricsPage = lazy(() => import("./pages/metrics/MetricsPage"));

const router = createBrowserRouter([
  {
    path: "/",
    element: <Shell />,
    errorElement: <Broken />,
    children: [
      {
        // A page that breaks leaves the ways out of it on the screen.
        errorElement: <Broken />,
        children: [
          { index: true, element: <QueuePage /> },
          { path: "incidents/:number", element: <IncidentPage /> },
          {
            path: "console",
            element: (
              <Suspense fallback={<Loading what="the editor" />}>
                <ConsolePage />
              </Suspense>
            ),
          },
          { path: "rules", element: <RulesPage /> },
          { path: "sources", element: <SourcesPage /> },
          {
            path: "figures",
            element: (
              <Suspense fallback={<Loading what="the charts" />}>
                <MetricsPage />
              </Suspense>
            ),
          },
          { path: "settings", element: <SettingsPage /> },
          { path: "*", element: <NotFound /> },
        ],
      },
    ],
  },
]);

/** Nothing is shown to somebody who is not signed in. */
export function App() {
  const session = useSession();
  if (session.isPending) return <Loading what="Watchfloor" />;
  if (session.isError) return <ErrorState error={session.error} what="the session" onRetry={() => void session.refetch()} />;
  return session.data ? <RouterProvider router={router} /> : <SignInPage />;
}

function NotFound() {
  useTitle("No such page");
  return (
    <EmptyState title="There is no such page">
      <Link to="/">Go to the queue</Link>, or press <kbd>?</kbd> for the ways around.
    </EmptyState>
  );
}

function Broken() {
  const error = useRouteError();
  return (
    <div className="state">
      <ErrorState error={error} what="this page" onRetry={() => window.location.reload()} />
      <Link to="/">Go to the queue</Link>
    </div>
  );
}
