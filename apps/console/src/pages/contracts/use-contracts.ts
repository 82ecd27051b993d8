import { useQuery } from '@tanstack/react-query';
import { api, read, type Schemas } from '../../api/client.js';

export type Contract = Schemas['Contract'];

const PAGE = 100;
const FRESH_MS = 60_000; // contracts change only with a deployment, but sinks can register at any time

/** Reads the contracts of all event types. Their number is that of the classes in the code, so all of them are read. */
export const useContracts = () =>
  useQuery({
    queryKey: ['contracts'],
    queryFn: async ({ signal }) => {
      const contracts: Contract[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const query = { limit: PAGE, ...(cursor !== '' && { cursor }) };
        const page: { data: readonly Contract[]; next_cursor: string | null } = await read(
          api.GET('/api/v1/admin/contracts', { params: { query }, signal }),
        );
        contracts.push(...page.data);
        cursor = page.next_cursor;
      }
      return contracts;
    },
    staleTime: FRESH_MS,
  });
