import { api, read, type Schemas } from '../api/client.js';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const EVENT_TYPE = /^[a-z\d_]+(?:\.[a-z\d_]+)+$/;

/** A page, or why there is none. */
export type FoundPage = { readonly path: string } | { readonly reason: string };

type Result = Schemas['SearchResult'];

const NOTHING: FoundPage = { reason: 'Nothing with this id, address, name or type that you may see.' };

/** The pages of the paths of the api that a result of the search can have. */
const PAGES = [
  [/\/admin\/correlations\/([^/?]+)$/, '/c/'],
  [/\/admin\/events\/([^/?]+)$/, '/events/'],
  [/\/admin\/audit-logs\/([^/?]+)$/, '/audit/'],
  [/\/admin\/people\/([^/?]+)$/, '/people/'],
  [/\/admin\/audit-logs\?organization_id=([^&]+)$/, '/audit?organization_id='],
] as const;

/** Returns the page of an id, an email address, the beginning of a name, or an event type. */
export async function findPage(text: string): Promise<FoundPage> {
  const id = text.replace(/^\{(.*)\}$/, '$1');
  if (UUID.test(id)) return pageOfId(id.toLowerCase());
  return EVENT_TYPE.test(text) ? { path: `/events?event_type=${encodeURIComponent(text)}` } : pageOfName(text);
}

const search = async (query: string): Promise<readonly Result[]> =>
  (await read(api.POST('/api/v1/admin/search', { body: { query } }))).results;

const pageOf = ({ url }: Result): string | undefined => {
  for (const [pattern, page] of PAGES) {
    const id = pattern.exec(url)?.[1];
    if (id !== undefined) return page + id;
  }
  return undefined;
};

/** A correlation id, which can have log lines alone, then what `search` finds, then an object that changed. */
async function pageOfId(id: string): Promise<FoundPage> {
  const [correlation, results, changes] = await Promise.all([
    read(api.GET('/api/v1/admin/correlations/{id}', { params: { path: { id } } })),
    search(id),
    read(api.GET('/api/v1/admin/audit-logs', { params: { query: { aggregate_id: id, limit: 1 } } })),
  ]);
  if (correlation.entries.length > 0) return { path: `/c/${id}` };
  const path = results.flatMap((result) => pageOf(result) ?? [])[0];
  if (path !== undefined) return { path };
  return changes.data.length > 0 ? { path: `/audit?aggregate_id=${id}` } : NOTHING;
}

/** A person, or the audit log of an organization. */
async function pageOfName(query: string): Promise<FoundPage> {
  const paths = new Set((await search(query)).flatMap((result) => pageOf(result) ?? []));
  const [path] = paths;
  if (path === undefined) return NOTHING;
  return paths.size === 1 ? { path } : { reason: `${paths.size} people or organizations match. Type more of the name.` };
}
