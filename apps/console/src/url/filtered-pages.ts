import { useKeysetPages, type Page } from '../api/keyset-pages.js';
import { usePolling } from '../api/polling.js';
import { useFilters } from './filters.js';

/**
 * A list whose filters are in the address. It is read page by page, and polled.
 *
 * @param list identifies the list in the cache.
 * @param names the names of the filters, which are those of the query of the list.
 * @param readPage reads the page of a query: the filters, and the cursor after the first page.
 * @param isItemSelected pauses the polling, because new items would move the selected ones.
 */
export function useFilteredPages<Item, Name extends string>(
  list: string,
  names: readonly Name[],
  readPage: (query: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Page<Item>>,
  isItemSelected = false,
) {
  const [filters, change] = useFilters(names);
  const { refetchInterval } = usePolling(isItemSelected);
  const query = useKeysetPages<Item>(
    [list, filters],
    (cursor, signal) => readPage({ ...(filters as Record<string, string>), ...(cursor !== undefined && { cursor }) }, signal),
    refetchInterval,
  );
  return { filters, change, query };
}
