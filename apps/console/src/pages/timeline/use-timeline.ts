import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, read, type Schemas } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';
import type { Entry } from './entries.js';

type Correlation = Schemas['Correlation'];

const LIVE_MS = 2_000;
const QUIET_AFTER_MS = 15_000;
const OPEN_STATUSES: readonly string[] = ['pending', 'retrying', 'waiting'];

/** Reads a timeline until nothing has changed for 15 seconds and no event or webhook is on its way. */
export function useTimeline(id: string) {
  const [isQuiet, setQuiet] = useState(false);
  const { refetchInterval, isPaused } = usePolling(false, LIVE_MS);
  const query = useQuery({
    queryKey: ['timeline', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admin/correlations/{id}', { params: { path: { id } }, signal })),
    refetchInterval: isQuiet ? false : refetchInterval,
  });
  const { data, isError } = query; // data is the same object while nothing changes
  useEffect(() => {
    setQuiet(false);
    if (!data || isError || isUnderWay(data)) return undefined;
    const timer = setTimeout(() => setQuiet(true), QUIET_AFTER_MS);
    return () => clearTimeout(timer);
  }, [data, isError]);
  return { ...query, isQuiet, isPaused };
}

/** A webhook that has failed is retried for hours, so it is not waited for. */
const isUnderWay = ({ entries }: Correlation): boolean =>
  (entries as readonly Entry[]).some(
    (entry) =>
      (entry.kind === 'event' && OPEN_STATUSES.includes(entry.status)) ||
      (entry.kind === 'webhook' && entry.status === 'pending' && entry.attempt_count === 0),
  );
