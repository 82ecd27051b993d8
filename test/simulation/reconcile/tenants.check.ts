import type { Evidence } from '../evidence.js';
import { decodeEmail, MARK } from '../simulated.organization.js';
import { Differences, type Check } from './check.js';

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** No response, log line or email of one organization contains an id, a name or an address of another, unless the request named it. */
export const checkTenants: Check = (evidence) => {
  const differences = new Differences();
  const ownerOf = ownersOf(evidence);
  const indexOf = new Map(evidence.tenants.map(({ id, index }) => [id, index]));
  const named = new Map<string, Set<string>>();
  let examined = 0;
  const scan = (text: string, owner: number, allowed: ReadonlySet<string>, what: () => string): void => {
    examined++;
    const foreign = textsIn(text).filter((one) => (ownerOf.get(one) ?? owner) !== owner && !allowed.has(one));
    for (const one of new Set(foreign))
      differences.list.push(`${what()} of organization ${owner + 1} contains ${one} of organization ${ownerOf.get(one)! + 1}`);
  };
  for (const { correlationId, organization, method, path, sent, received } of evidence.calls) {
    const own = new Set(textsIn(`${path} ${sent}`));
    named.set(correlationId, own);
    scan(received, organization, own, () => `the response to ${method} ${path} (${correlationId})`);
  }
  for (const line of evidence.lines) {
    const owner = indexOf.get(String(line['organization.id']));
    const allowed = named.get(String(line['trace_id'])) ?? new Set<string>();
    if (owner !== undefined) scan(JSON.stringify(line), owner, allowed, () => `the log line ${String(line['event'])}`);
  }
  const ownerOfEvent = new Map(evidence.events.map(({ id, organizationId }) => [id, indexOf.get(String(organizationId))]));
  for (const { tags, raw } of evidence.emails) {
    const owner = ownerOfEvent.get(tags['mail_id'] ?? '');
    if (owner !== undefined) scan(decodeEmail(raw), owner, new Set(), () => `the email ${tags['mail_id']}`);
  }
  return differences.result('separation of tenants', `${examined} responses, log lines and emails`);
};

const textsIn = (text: string): string[] => [...(text.match(MARK) ?? []), ...(text.match(UUID) ?? [])];

/** The organization of each id and mark. A person can be in several organizations, so a user id belongs to none. */
function ownersOf({ tenants, rows, events, entries }: Evidence): Map<string, number> {
  const indexOf = new Map(tenants.map(({ id, index }) => [id, index]));
  const owners = new Map<string, number>();
  for (const { index, id, mark } of tenants) owners.set(id, index).set(mark, index);
  const add = (id: string, organization: unknown): void => {
    const owner = indexOf.get(String(organization));
    if (owner !== undefined) owners.set(id, owner);
  };
  for (const { id, columns, table } of rows) if (table !== 'organization') add(id, columns['organization_id']);
  for (const { id, organizationId } of [...events, ...entries]) add(id, organizationId);
  return owners;
}
