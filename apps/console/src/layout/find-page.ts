import { api, read } from '../api/client.js';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const EVENT_TYPE = /^[a-z\d_]+(?:\.[a-z\d_]+)+$/;

/** A page, or why there is none. */
export type FoundPage = { readonly path: string } | { readonly reason: string };

const NOTHING: FoundPage = { reason: 'Nothing with this id, address, name or type that you may see.' };

/** Returns the page of an id, an email address, the beginning of a name, or an event type. */
export async function findPage(text: string): Promise<FoundPage> {
  const id = text.replace(/^\{(.*)\}$/, '$1');
  if (UUID.test(id)) return pageOfId(id.toLowerCase());
  return EVENT_TYPE.test(text) ? { path: `/events?event_type=${encodeURIComponent(text)}` } : pageOfName(text);
}

/** A correlation id, an event, an object that changed, or what `search` finds. */
async function pageOfId(id: string): Promise<FoundPage> {
  const [correlation, event, changes] = await Promise.all([
    read(api.GET('/api/v1/admin/correlations/{id}', { params: { path: { id } } })),
    read(api.GET('/api/v1/admin/events', { params: { query: { event_id: id, limit: 1 } } })),
    read(api.GET('/api/v1/admin/audit-logs', { params: { query: { aggregate_id: id, limit: 1 } } })),
  ]);
  if (correlation.entries.length > 0) return { path: `/c/${id}` };
  if (event.data.length > 0) return { path: `/events/${id}` };
  if (changes.data.length > 0) return { path: `/audit?aggregate_id=${id}` };
  return pageOfName(id);
}

/** What a person did, or the audit log of an organization. */
async function pageOfName(query: string): Promise<FoundPage> {
  const { results } = await read(api.POST('/api/v1/admin/search', { body: { query } }));
  const paths = new Set(
    results.flatMap(({ type, id, url }) => {
      if (type === 'organization') return [`/audit?organization_id=${id}`];
      const person = type === 'person' || type === 'member' ? /\/people\/([^/?]+)$/.exec(url)?.[1] : undefined;
      return person === undefined ? [] : [`/audit?actor_id=${person}`];
    }),
  );
  const [path] = paths;
  if (path === undefined) return NOTHING;
  return paths.size === 1 ? { path } : { reason: `${paths.size} people or organizations match. Type more of the name.` };
}
