import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

export interface Page<Item> {
  readonly data: readonly Item[];
  readonly next_cursor: string | null;
}

/**
 * Reads a list page by page. All pages that are loaded are read again together.
 *
 * @param key identifies the list with its filters.
 * @param readPage reads the page of a cursor, or the first page.
 */
export function useKeysetPages<Item>(
  key: readonly unknown[],
  readPage: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>,
  refetchInterval: number | false,
) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => readPage(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor: next }) => next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval,
    refetchOnWindowFocus: refetchInterval !== false,
  });
  const items = useMemo(() => query.data?.pages.flatMap(({ data }) => data), [query.data]);
  return { ...query, items };
}
