import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './client.js';

const MAX_RETRIES = 2;

/** Whether the same request may succeed later: there was no response, or the server could not process it. */
const isTemporary = (error: Error): boolean => error instanceof ApiProblem && (error.status === 0 || error.status >= 502);

export const ME = ['me'] as const;

/**
 * A response 401 ends the session: the sign-in page replaces the page, and its address stays, so that the person continues there. After
 * a response 403, the role is read again, because it may have changed.
 */
function checkSession(error: Error): void {
  if (typeof queryClient.getQueryData(ME) !== 'object' || !(error instanceof ApiProblem)) return;
  if (error.status === 401) queryClient.setQueryData(ME, 'ended');
  if (error.status === 403) void queryClient.invalidateQueries({ queryKey: ME });
}

/** The cache of all responses. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: checkSession }),
  mutationCache: new MutationCache({ onError: checkSession }),
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < MAX_RETRIES && isTemporary(error),
      refetchOnWindowFocus: true,
      staleTime: 1_000,
    },
  },
});
