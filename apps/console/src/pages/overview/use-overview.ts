import { useQuery } from '@tanstack/react-query';
import { api, read, type Schemas } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';

export type Overview = Schemas['Overview'];

/** The overview of the api. The parts of the page share one request. */
export function useOverview() {
  const { refetchInterval } = usePolling();
  return useQuery({
    queryKey: ['overview'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admin/overview', { signal })),
    refetchInterval,
  });
}

/** The page of the console that shows a list of events, of which the api gives the path. */
export const eventsPageOf = (list: string): string => `/events?${list.split('?')[1] ?? ''}`;
