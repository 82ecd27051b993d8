import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { Link, Route, Router, Switch, useLocation } from 'wouter';
import { queryClient } from './api/query-client.js';
import { CONSOLE_PATH } from './base.js';
import { ErrorBoundary } from './components/error-boundary.js';
import { ProblemState } from './components/problem.js';
import { EmptyPage, Loading } from './components/states.js';
import { Frame } from './layout/frame.js';
import { ShortcutProvider } from './layout/shortcuts.js';
import { OWN_ACTIVITY } from './session/access.js';
import { useMe } from './session/session.js';
import { SignInPage } from './session/sign-in.page.js';

const OverviewPage = lazy(() => import('./pages/overview/overview.page.js'));
const EventsPage = lazy(() => import('./pages/events/events.page.js'));
const EventPage = lazy(() => import('./pages/events/event.page.js'));
const AuditPage = lazy(() => import('./pages/audit/audit.page.js'));
const EntryPage = lazy(() => import('./pages/audit/entry.page.js'));
const PersonPage = lazy(() => import('./pages/person/person.page.js'));
const OwnActivityPage = lazy(() => import('./pages/person/own-activity.page.js'));
const ContractsPage = lazy(() => import('./pages/contracts/contracts.page.js'));
const ContractPage = lazy(() => import('./pages/contracts/contract.page.js'));
const OperationsPage = lazy(() => import('./pages/operations/operations.page.js'));
const FailedRequestsPage = lazy(() => import('./pages/failed-requests/failed-requests.page.js'));
const TimelinePage = lazy(() => import('./pages/timeline/timeline.page.js'));

export const App = () => (
  <QueryClientProvider client={queryClient}>
    <ErrorBoundary>
      <Router base={CONSOLE_PATH}>
        <ShortcutProvider>
          <SignedIn />
        </ShortcutProvider>
      </Router>
    </ErrorBoundary>
  </QueryClientProvider>
);

/** Shows the pages to a person who is signed in, and otherwise the sign-in page at the same address. */
function SignedIn() {
  const { data: me, error, refetch } = useMe();
  const [location] = useLocation();
  if (typeof me === 'string') return <SignInPage hasEnded={me === 'ended'} />;
  if (me) {
    return (
      <Frame me={me}>
        <ErrorBoundary key={location}>
          <Suspense fallback={<Loading what="the page" />}>
            <Pages />
          </Suspense>
        </ErrorBoundary>
      </Frame>
    );
  }
  return (
    <main id="main">
      {error ? <ProblemState error={error} onRetry={() => void refetch()} /> : <Loading what="the console" />}
    </main>
  );
}

const Pages = () => (
  <Switch>
    <Route path="/" component={OverviewPage} />
    <Route path="/events" component={EventsPage} />
    <Route path="/events/:id">{({ id }) => <EventPage key={id} id={id} />}</Route>
    <Route path="/audit" component={AuditPage} />
    <Route path="/audit/:id">{({ id }) => <EntryPage key={id} id={id} />}</Route>
    <Route path="/people/:id">{({ id }) => <PersonPage key={id} id={id} />}</Route>
    <Route path={OWN_ACTIVITY} component={OwnActivityPage} />
    <Route path="/contracts" component={ContractsPage} />
    <Route path="/contracts/:type">{({ type }) => <ContractPage key={type} type={type} />}</Route>
    <Route path="/operations" component={OperationsPage} />
    <Route path="/failed-requests" component={FailedRequestsPage} />
    <Route path="/c/:id">{({ id }) => <TimelinePage key={id} id={id} />}</Route>
    <Route>
      <EmptyPage title="This page does not exist">
        <p>
          Paste an id into the search field, or go to the <Link href="/">overview</Link>.
        </p>
      </EmptyPage>
    </Route>
  </Switch>
);
