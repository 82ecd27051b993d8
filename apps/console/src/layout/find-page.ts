import { api, read } from '../api/client.js';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const EVENT_TYPE = /^[a-z\d_]+(?:\.[a-z\d_]+)+$/;

/** Returns the page of an id or an event type, or undefined if there is none that the person may see. */
export async function findPage(text: string): Promise<string | undefined> {
  const id = text.replace(/^\{(.*)\}$/, '$1');
  if (UUID.test(id)) return pageOfId(id.toLowerCase());
  return EVENT_TYPE.test(text) ? `/events?event_type=${encodeURIComponent(text)}` : undefined;
}

/** A correlation id, an event, or an object that changed. */
async function pageOfId(id: string): Promise<string | undefined> {
  const [correlation, event, changes] = await Promise.all([
    read(api.GET('/api/v1/admin/correlations/{id}', { params: { path: { id } } })),
    read(api.GET('/api/v1/admin/events', { params: { query: { event_id: id, limit: 1 } } })),
    read(api.GET('/api/v1/admin/audit-logs', { params: { query: { aggregate_id: id, limit: 1 } } })),
  ]);
  if (correlation.entries.length > 0) return `/c/${id}`;
  if (event.data.length > 0) return `/events/${id}`;
  if (changes.data.length > 0) return `/audit?aggregate_id=${id}`;
  return undefined;
}
