import { type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CONSOLE_PATH } from '../base.js';
import { api, ApiProblem, CONSOLE_HEADER, noResponse, problemOf, read, type Schemas } from '../api/client.js';
import { ME, queryClient } from '../api/query-client.js';

export type Me = Schemas['Me'];

/** A person as whom a developer can sign in. */
export interface DemoPerson {
  readonly email: string;
  readonly name: string | null;
  readonly role: string;
  readonly organization: { readonly name: string; readonly slug: string } | null;
}

interface SessionState {
  readonly signed_in: boolean;
  /** True in development. */
  readonly demo_people: boolean;
}

/** Calls an endpoint of the sign-in, which is not part of the public api. */
async function call(method: string, path: string, headers: HeadersInit = {}, body?: object): Promise<unknown> {
  const response = await fetch(`${CONSOLE_PATH}/${path}`, {
    method,
    credentials: 'same-origin',
    headers: { ...CONSOLE_HEADER, ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(noResponse);
  const text = await response.text();
  const answer: unknown = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined;
  if (!response.ok) throw problemOf(response, answer);
  return answer;
}

const readSession = async (): Promise<SessionState> => (await call('GET', 'session')) as SessionState;

/** `ended`: the api no longer accepts the session of a person who was signed in. */
export type SignedOut = 'none' | 'ended';

/** The person who is signed in, or why nobody is. */
export const useMe = () =>
  useQuery({
    queryKey: ME,
    queryFn: async ({ signal }): Promise<Me | SignedOut> => {
      if (!(await readSession()).signed_in) return 'none';
      return read(api.GET('/api/v1/me', { signal })).catch(endIfRefused);
    },
    staleTime: Infinity,
    refetchOnWindowFocus: 'always', // another page may have signed in someone else
  });

/** The session has just expired, or the person is no longer an active member. Another session may be accepted. */
function endIfRefused(error: unknown): SignedOut {
  if (error instanceof ApiProblem && (error.status === 401 || error.status === 403)) return 'ended';
  throw error;
}

/** All tabs share the cookie. A tab that shows another person reads everything again, so that no data appears under a wrong name. */
const otherTabs = new BroadcastChannel('pikaia-session');
otherTabs.onmessage = () => {
  void queryClient.resetQueries({ queryKey: ME });
  removeAllButMe(queryClient); // not reset: the page that shows them would request them before the session is known
};

const removeAllButMe = (queries: QueryClient): void =>
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== ME[0] });

/** The people of the development system; null outside development. */
export const useDemoPeople = () =>
  useQuery({
    queryKey: ['demo-people'],
    queryFn: async (): Promise<readonly DemoPerson[] | null> => {
      if (!(await readSession()).demo_people) return null;
      return ((await call('GET', 'demo-people')) as { data: DemoPerson[] }).data;
    },
  });

/** Signs in with a session token, or as a person of the development system. The token is only in the header of this one request. */
export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (as: { readonly token: string } | DemoPerson) =>
      'token' in as
        ? call('POST', 'session', { authorization: `Bearer ${as.token}` })
        : call(
            'POST',
            'demo-people/sign-in',
            {},
            { email: as.email, ...(as.organization && { organization: as.organization.slug }) },
          ),
    onSuccess: () => {
      otherTabs.postMessage('signed-in');
      return queries.resetQueries(); // nothing of another person stays
    },
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    onMutate: () => queries.cancelQueries(), // a read that arrives after the sign-out would be refused
    mutationFn: () => call('DELETE', 'session'),
    onSuccess: () => {
      otherTabs.postMessage('signed-out');
      queries.setQueryData(ME, 'none' satisfies SignedOut);
      removeAllButMe(queries); // nothing of the person stays
    },
  });
}
