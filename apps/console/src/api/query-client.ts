import { QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './client.js';

const MAX_RETRIES = 2;

/** Whether the same request may succeed later: there was no response, or the server could not process it. */
const isTemporary = (error: Error): boolean => error instanceof ApiProblem && (error.status === 0 || error.status >= 502);

export const ME = ['me'] as const;

/**
 * The cache of all responses. A response 401 ends the session: the sign-in page replaces the page, and its address stays, so that the
 * person continues there.
 */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error: Error) => {
      const isSignedIn = typeof queryClient.getQueryData(ME) === 'object';
      if (isSignedIn && error instanceof ApiProblem && error.status === 401) queryClient.setQueryData(ME, 'ended');
    },
  }),
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < MAX_RETRIES && isTemporary(error),
      refetchOnWindowFocus: true,
      staleTime: 1_000,
    },
  },
});
