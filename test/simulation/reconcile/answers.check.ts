import type { Evidence, StoredEntry } from '../evidence.js';
import type { Call } from '../recorded.client.js';
import { Differences, type Check } from './check.js';

type Range = readonly [least: number, most: number];

/** The numbers of audit entries that a successful change leaves. A change to the same value leaves none. */
const ENTRIES: readonly [route: RegExp, range: (call: Call) => Range][] = [
  [/^POST \/organizations$/, () => [2, 2]],
  [/^POST \/members\/invitations$/, () => [1, 1]],
  [
    /^POST \/members\/invitations\/bulk$/,
    ({ body }) => fixed((body['data'] as { result: string }[]).filter(({ result }) => result !== 'refused').length),
  ],
  [/^POST \/members\/invitations\/accept$/, () => [1, 1]],
  [/^POST \/members\/invitations\/[\w-]+\/resend$/, () => [1, 1]],
  [/^DELETE \/members\/invitations\/[\w-]+$/, () => [1, 1]],
  [/^DELETE \/members\/[\w-]+$/, () => [1, 1]],
  [/^PATCH \/members\/[\w-]+$/, () => [0, 1]],
  [/^PATCH \/me$/, () => [0, 1]],
  [/^PATCH \/organization$/, () => [0, 1]],
  [/^POST \/webhooks\/endpoints$/, () => [1, 1]],
  [/^PATCH \/webhooks\/endpoints\/[\w-]+$/, () => [0, 1]],
  [/^POST \/identity\/webhook$/, ({ body }) => (body['outcome'] === 'handled' ? [1, 1] : [0, 0])],
  [/^POST \/billing\/webhook$/, ({ body }) => (body['outcome'] === 'handled' ? [0, 2] : [0, 0])],
];

const fixed = (count: number): Range => [count, count];
const MAX_ENTRIES = 5; // of one request: a bulk invitation
const routeOf = ({ method, path }: Call): string => `${method} ${path.split('?')[0]!}`;

/** True if the client does not know whether the change was made. */
const isUnknown = ({ status, problem }: Call): boolean => status === 0 || problem === 'outcome-unknown';
const isSuccess = ({ status }: Call): boolean => status >= 200 && status < 300;

/** The number of entries that a request may have, by its response alone. */
function rangeOf(call: Call): Range {
  if (isUnknown(call)) return [0, call.method === 'GET' ? 0 : MAX_ENTRIES];
  if (call.method === 'GET' || !isSuccess(call) || call.isReplayed) return [0, 0];
  return ENTRIES.find(([route]) => route.test(routeOf(call)))?.[1](call) ?? [0, 0];
}

/**
 * What a client saw as success is in the audit log, and what was refused is not. The repeats of one key made one change. Every entry
 * and event is of a request that the simulation sent. No request has an unexpected error, and each agrees with the OpenAPI document.
 */
export const checkAnswers: Check = (evidence) => {
  const differences = new Differences();
  const entriesOf = Map.groupBy(evidence.entries, ({ correlationId }) => correlationId);
  const known = new Set(evidence.calls.map(({ correlationId }) => correlationId));
  for (const call of evidence.calls) {
    const what = `${routeOf(call)} of organization ${call.organization + 1} in step ${call.step} (${call.correlationId})`;
    const found = entriesOf.get(call.correlationId) ?? [];
    const [least, most] = rangeOf(call);
    differences.expect(found.length >= least && found.length <= most, () => {
      const expected = least === most ? `${least}` : `${least} to ${most}`;
      return `${what} has the response ${responseOf(call)} and ${found.length} audit entries instead of ${expected}`;
    });
    differences.expect(isSaneStatus(call), () => `${what} has the response ${responseOf(call)}`);
    differences.expect(call.deviation === undefined, () => `${what}: ${call.deviation}`);
    if (isSuccess(call) && !call.isReplayed) {
      if (found.length === 1) compareBody(call, found[0]!, differences, what);
      else if (call.method === 'PATCH' && found.length === 0) compareUnchanged(call, evidence.entries, differences, what);
    }
  }
  compareKeys(evidence, entriesOf, differences);
  for (const { id, correlationId, ...record } of [...evidence.entries, ...evidence.events])
    differences.expect(
      known.has(correlationId),
      () => `${'action' in record ? record.action : record.type} ${id} is of no request`,
    );
  const refused = evidence.calls.filter(({ status }) => status >= 400).length;
  const lost = evidence.calls.filter(isUnknown).length;
  return differences.result('responses', `${evidence.calls.length} requests, ${refused} refused, ${lost} lost`);
};

const responseOf = ({ status, problem }: Call): string => (status === 0 ? 'none' : `${status} ${problem}`.trim());

/** A webhook of Stripe fails with 500 while Stripe is down. */
const isSaneStatus = ({ status, path }: Call): boolean => status < 500 || status === 503 || path === '/billing/webhook';

const FIELDS = ['email', 'role', 'status', 'name', 'slug'];

/** The response shows what the entry of the request says. */
function compareBody({ body }: Call, { diff }: StoredEntry, differences: Differences, what: string): void {
  for (const field of FIELDS)
    if (diff.new && field in diff.new && field in body)
      differences.equal(body[field], diff.new[field], () => `${what}: the ${field} of the response, compared with the entry`);
}

/** The response of a change that found nothing to change shows values that an earlier entry says. */
function compareUnchanged({ body, path }: Call, entries: readonly StoredEntry[], differences: Differences, what: string): void {
  const field = path.startsWith('/members/') ? 'role' : path.startsWith('/webhooks/') ? 'description' : 'name';
  const about = entries.filter(({ aggregateId }) => [body['id'], body['member_id']].includes(aggregateId));
  const isRecorded = about.some(({ diff }) => diff.new?.[field] === body[field]);
  differences.expect(isRecorded, () => `${what} shows the ${field} ${String(body[field])}, which no entry says`);
}

/** All requests with one key have the effect of the one that was answered. */
function compareKeys({ calls }: Evidence, entriesOf: Map<string, StoredEntry[]>, differences: Differences): void {
  const groups = Map.groupBy(
    calls.filter(({ key }) => key !== undefined),
    ({ key }) => key,
  );
  for (const [key, group] of groups) {
    const count = group.reduce((sum, { correlationId }) => sum + (entriesOf.get(correlationId)?.length ?? 0), 0);
    const last = group.at(-1)!;
    // A caller who has lost the right to make a request gets no stored response.
    const isRefusedRepeat = [401, 403].includes(last.status) && group.some(isUnknown);
    const isOpen = isUnknown(last) || last.status === 503 || isRefusedRepeat;
    const [least, most] = isOpen ? [0, MAX_ENTRIES] : rangeOf({ ...last, isReplayed: false });
    differences.expect(
      count >= least && count <= most,
      () =>
        `${routeOf(last)} with the key ${key} was sent ${group.length} times, has the response ${responseOf(last)} and ${count} audit entries`,
    );
  }
}
