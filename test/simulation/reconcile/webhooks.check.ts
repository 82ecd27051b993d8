import { isSignedWith } from '../../support/http/webhook.receiver.js';
import { Differences, isSame, type Check } from './check.js';

/**
 * Each event of a type for customers has arrived at each endpoint of its organization that is older than the event, with a valid
 * signature. Repeats have the id of the event, and nothing else arrives.
 */
export const checkWebhooks =
  (types: ReadonlySet<string>): Check =>
  ({ events, rows, endpoints, received }) => {
    const differences = new Differences();
    const byPath = Map.groupBy(received, ({ path }) => path);
    const rowOf = new Map(rows.map((row) => [row.id, row.columns]));
    for (const endpoint of endpoints) {
      const columns = rowOf.get(endpoint.id);
      if (!columns) {
        differences.list.push(`the webhook endpoint ${endpoint.id} has no row`);
        continue;
      }
      const expected = new Map(
        events
          .filter(({ type, organizationId }) => types.has(type) && organizationId === columns['organization_id'])
          .filter(({ position }) => BigInt(position) > BigInt(String(columns['log_position'])))
          .map((event) => [event.id, event]),
      );
      const arrived = byPath.get(endpoint.path) ?? [];
      for (const [id, { type }] of expected)
        differences.expect(
          arrived.some((one) => one.id === id),
          () => `${type} ${id} has not arrived at the webhook endpoint ${endpoint.id}`,
        );
      for (const one of arrived) {
        const event = expected.get(one.id);
        differences.expect(
          isSignedWith(one, endpoint.secret),
          () => `the webhook ${one.id} at ${endpoint.id} has no valid signature`,
        );
        const { data } = JSON.parse(one.body) as { data: unknown };
        differences.expect(
          isSame(data, event?.data),
          () => `the webhook ${one.id} at ${endpoint.id} is of no event that it may get`,
        );
      }
    }
    const known = new Set(endpoints.map(({ path }) => path));
    for (const { id, path } of received) differences.expect(known.has(path), () => `the webhook ${id} was sent to ${path}`);
    return differences.result('webhooks to customers', `${received.length} requests to ${endpoints.length} endpoints`);
  };
