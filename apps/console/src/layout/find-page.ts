import { api, read, type Schemas } from '../api/client.js';
import { isUuid } from '../url/pages.js';

const EVENT_TYPE = /^[a-z\d_]+(?:\.[a-z\d_]+)+$/;

export interface Choice {
  readonly path: string;
  readonly label: string;
}

/** A page, or why there is none, with the pages of all that match. */
export type FoundPage = { readonly path: string } | { readonly reason: string; readonly choices?: readonly Choice[] };

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
  if (isUuid(id)) return pageOfId(id.toLowerCase());
  return EVENT_TYPE.test(text) ? { path: `/events?event_type=${encodeURIComponent(text)}` } : pageOfName(text);
}

const search = (query: string): Promise<Schemas['SearchResults']> => read(api.POST('/api/v1/admin/search', { body: { query } }));

const pageOf = ({ url }: Result): string | undefined => {
  for (const [pattern, page] of PAGES) {
    const id = pattern.exec(url)?.[1];
    if (id !== undefined) return page + id;
  }
  return undefined;
};

/** A correlation id, which can have log lines alone, then what `search` finds, then an object that changed. */
async function pageOfId(id: string): Promise<FoundPage> {
  const [correlation, { results }, changes] = await Promise.all([
    read(api.GET('/api/v1/admin/correlations/{id}', { params: { path: { id } } })),
    search(id),
    read(api.GET('/api/v1/admin/audit-logs', { params: { query: { aggregate_id: id, limit: 1 } } })),
  ]);
  if (correlation.entries.length > 0) return { path: `/c/${id}` };
  const path = results.flatMap((result) => pageOf(result) ?? [])[0] ?? (await pageOfDelivery(results));
  if (path !== undefined) return { path };
  return changes.data.length > 0 ? { path: `/audit?aggregate_id=${id}` } : NOTHING;
}

/** Admins find a webhook delivery itself. It has no page, so it leads to its event. */
async function pageOfDelivery(results: readonly Result[]): Promise<string | undefined> {
  const delivery = results.find(({ type }) => type === 'webhook_delivery');
  if (delivery === undefined) return undefined;
  const { event_id: event } = await read(api.GET('/api/v1/webhooks/deliveries/{id}', { params: { path: { id: delivery.id } } }));
  return `/events/${event}`;
}

/** A person, or the audit log of an organization. Two people can have the same name, and one name can begin another. */
async function pageOfName(query: string): Promise<FoundPage> {
  const { results, has_more: hasMore } = await search(query);
  const pages = new Map(
    results.flatMap((result) => {
      const path = pageOf(result);
      return path === undefined ? [] : [[path, choiceOf(result, path)] as const];
    }),
  );
  const choices = [...pages.values()];
  if (choices.length === 0) return NOTHING;
  if (choices.length === 1) return { path: choices[0]!.path };
  const count = `${choices.length}${hasMore ? '+' : ''}`;
  return { reason: `${count} people or organizations match. Choose one, or type more of the name.`, choices };
}

/** Operators see the names of people masked, so the end of the id tells them apart. */
const choiceOf = ({ type, label }: Result, path: string): Choice => ({
  path,
  label: `${label ?? type} ${type === 'organization' ? type : path.slice(-8)}`,
});
