import { randomUUID } from 'node:crypto';
import { System } from '../support/system/system.js';
import { WebhookAdmin } from '../support/system/webhook-endpoints.js';
import { waitFor } from '../support/time/wait-for.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const YEARS = '2020-01-01T00:00:00Z';

let system: System;
let alice: WebhookAdmin;
beforeAll(async () => {
  system = await System.start();
  alice = new WebhookAdmin(system, 'alice@example.com');
});
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(() => system.stop());

const invite = (email = `${randomUUID()}@example.com`) => alice.cause('POST', '/members/invitations', { email, role: 'member' });

/** An endpoint that got `count` invitations, whose deliveries then have a status. @returns also their ids, oldest first. */
async function endpointWith(count: number, status: string): Promise<{ id: string; deliveries: string[] }> {
  const { id } = await alice.register({ event_types: ['member.invited'] });
  for (let number = 0; number < count; number++) await invite();
  await alice.request('PATCH', `/endpoints/${id}`, { event_types: ['subscription.canceled'] }); // the endpoint gets no other event
  const deliveries = (await alice.deliveriesOf(id)).map((delivery) => delivery.id).reverse();
  await alice.settle(deliveries, status);
  return { id, deliveries };
}

const actionsOf = async (correlationId: string | null) =>
  (await system.query<{ action: string }>('select action from events_auditlog where correlation_id = $1', [correlationId])).map(
    ({ action }) => action,
  );

describe('a delivery', () => {
  it('has the request body exactly as it is sent, which contains neither actor nor correlation id', async () => {
    const { id } = await alice.register({ event_types: ['member.invited'] });
    const invited = await invite('wanda@example.com');
    const [delivery] = await alice.deliveriesOf(id);
    expect(delivery).toMatchObject({ kind: 'event', event_type: 'member.invited', event_id: expect.stringMatching(UUID) });
    const { payload } = (await alice.request('GET', `/deliveries/${delivery!.id}`)).body as { payload: string };
    expect(JSON.parse(payload)).toEqual({
      type: 'member.invited',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      version: 1,
      organization_id: expect.stringMatching(UUID),
      object: { type: 'member', id: invited.body['id'] },
      data: expect.objectContaining({ email: 'wanda@example.com', role: 'member' }),
    });
    expect(payload).not.toContain(invited.headers.get('x-correlation-id')!);
  });

  it('is shown with its attempts, and listed with the result of the last one', async () => {
    const { id, deliveries } = await endpointWith(1, 'failed');
    const [delivery] = deliveries as [string];
    await system.query('delete from webhook_attempt where delivery_id = $1', [delivery]); // of the worker, if it was faster
    await system.query(
      `insert into webhook_attempt (delivery_id, number, started_at, duration_ms, response_status, error_code, error, response_body)
       values ($1, 1, now(), 120, null, 'timeout', 'No response in time.', null), ($1, 2, now(), 15, 500, 'status', 'The status is 500.', 'no 💥')`,
      [delivery],
    );
    await system.query('update webhook_delivery set attempts = 2 where id = $1', [delivery]);
    const { body } = await alice.request('GET', `/deliveries/${delivery}`);
    expect(body).toMatchObject({
      status: 'failed',
      attempt_count: 2,
      next_attempt_at: null,
      attempts: [
        { number: 1, response_status: null, error_code: 'timeout', response_body: null },
        { number: 2, duration_ms: 15, response_status: 500, error_code: 'status', response_body: 'no 💥' },
      ],
    });
    expect(await alice.deliveriesOf(id)).toEqual([expect.objectContaining({ response_status: 500, error_code: 'status' })]);
  });

  it('is found by status and type, page by page', async () => {
    const { id, deliveries } = await endpointWith(5, 'failed');
    await alice.settle(deliveries.slice(0, 2), 'delivered');
    const ids = async (query: string) => (await alice.deliveriesOf(id, query)).map((delivery) => delivery.id);
    const newest = deliveries.toReversed();
    expect(await ids('status=failed')).toEqual(newest.slice(0, 3));
    expect(await ids('status=delivered&event_type=member.invited')).toEqual(newest.slice(3));
    expect(await ids('event_type=member.joined')).toEqual([]);
    const paged: string[] = [];
    let cursor: unknown;
    do {
      const { body } = await alice.request(
        'GET',
        `/endpoints/${id}/deliveries?limit=2${cursor ? `&cursor=${String(cursor)}` : ''}`,
      );
      paged.push(...(body['data'] as { id: string }[]).map((delivery) => delivery.id));
      cursor = body['next_cursor'];
      if (cursor) {
        const other = await alice.request('GET', `/endpoints/${id}/deliveries?status=failed&cursor=${String(cursor)}`);
        expect(other.status).toBe(422); // a cursor belongs to its filter
      }
    } while (cursor);
    expect(paged).toEqual(newest);
    expect((await alice.request('GET', `/endpoints/${id}/deliveries?status=open`)).status).toBe(422);
  });
});

describe('housekeeping of the worker', () => {
  it('removes deliveries with their attempts 30 days after they are settled', async () => {
    const { id, deliveries } = await endpointWith(3, 'failed');
    const [old, recent] = deliveries as [string, string, string];
    await system.query(`update webhook_delivery set settled_at = now() - interval '31 days' where id = $1`, [old]);
    await system.query(`update webhook_delivery set settled_at = now() - interval '29 days' where id = $1`, [recent]);
    const worker = await system.startWorker(); // it runs housekeeping at its start
    await waitFor('the removal', async () => (await alice.deliveriesOf(id)).length < 3);
    await worker.stop();
    expect((await alice.deliveriesOf(id)).map((delivery) => delivery.id)).toEqual(deliveries.slice(1).reverse());
    expect(await system.query('select from webhook_attempt where delivery_id = $1', [old])).toEqual([]);
  });
});

describe('a test of an endpoint', () => {
  it('is stored as a delivery of a type that no event has', async () => {
    const { id } = await alice.register({ event_types: ['member.invited'] });
    const answer = await alice.request('POST', `/endpoints/${id}/test`);
    expect([answer.status, answer.body]).toEqual([
      202,
      expect.objectContaining({ endpoint_id: id, kind: 'test', event_type: 'webhook.test', status: 'pending', attempt_count: 0 }),
    ]);
    const { payload } = (await alice.request('GET', `/deliveries/${String(answer.body['id'])}`)).body as { payload: string };
    expect(JSON.parse(payload)).toMatchObject({ type: 'webhook.test', object: { type: 'webhook_endpoint', id } });
    expect(await actionsOf(answer.headers.get('x-correlation-id'))).toEqual(['webhook_endpoint.tested']);
  });

  it('is refused while the endpoint is disabled', async () => {
    const { id } = await alice.register();
    await alice.request('PATCH', `/endpoints/${id}`, { status: 'disabled' });
    expect((await alice.request('POST', `/endpoints/${id}/test`)).status).toBe(409);
    expect(await alice.deliveriesOf(id)).toEqual([]);
  });
});

describe('a redelivery', () => {
  it('has the event id and the body of the first delivery, which names it', async () => {
    const { id, deliveries } = await endpointWith(1, 'failed');
    const [first] = deliveries as [string];
    const answer = await alice.request('POST', `/deliveries/${first}/redeliver`);
    expect(answer.status).toBe(202);
    const shown = async (delivery: unknown) => (await alice.request('GET', `/deliveries/${String(delivery)}`)).body;
    const [before, after] = [await shown(first), await shown(answer.body['id'])];
    expect(after).toMatchObject({
      kind: 'redelivery',
      status: 'pending',
      event_id: before['event_id'],
      payload: before['payload'],
    });
    expect(before).toMatchObject({ status: 'failed', redelivered_as: after['id'] });
    expect(await alice.deliveriesOf(id)).toHaveLength(2);
    expect(await actionsOf(answer.headers.get('x-correlation-id'))).toEqual(['webhook_endpoint.redelivered']);
  });

  it('is refused while the event is being sent, also if two requests arrive at once', async () => {
    const { id, deliveries } = await endpointWith(1, 'delivered');
    const [first] = deliveries as [string];
    const answers = await Promise.all([1, 2].map(() => alice.request('POST', `/deliveries/${first}/redeliver`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    const [again] = await alice.deliveriesOf(id);
    expect((await alice.request('POST', `/deliveries/${again!.id}/redeliver`)).status).toBe(409);
    await alice.settle([again!.id], 'failed');
    expect((await alice.request('POST', `/deliveries/${first}/redeliver`)).status).toBe(202);
    expect(await alice.deliveriesOf(id)).toHaveLength(3);
  });

  it('is refused while the endpoint is disabled, and to other organizations', async () => {
    const { id, deliveries } = await endpointWith(1, 'failed');
    const path = `/deliveries/${deliveries[0]}/redeliver`;
    expect((await new WebhookAdmin(system, 'gina@example.com').request('POST', path)).status).toBe(404);
    await alice.request('PATCH', `/endpoints/${id}`, { status: 'disabled' });
    expect((await alice.request('POST', path)).status).toBe(409);
    expect((await alice.request('POST', `/endpoints/${id}/recover`, { since: YEARS })).status).toBe(409);
  });
});

describe('the recovery of an endpoint', () => {
  it('sends the failed deliveries since a time again, each once, also if two requests arrive at once', async () => {
    const { id, deliveries } = await endpointWith(5, 'failed');
    await alice.settle(deliveries.slice(4), 'delivered');
    await system.query(`update webhook_delivery set created_at = '2019-01-01Z' where id = $1`, [deliveries[0]]);
    await alice.settle([String((await alice.request('POST', `/endpoints/${id}/test`)).body['id'])], 'failed');
    const recover = () => alice.request('POST', `/endpoints/${id}/recover`, { since: YEARS });
    const answers = await Promise.all([recover(), recover()]);
    expect(answers.map(({ status, body }) => [status, body]).sort((one, other) => Number(one[1] !== other[1]))).toEqual(
      expect.arrayContaining([
        [202, { redelivered: 3, has_more: false }],
        [202, { redelivered: 0, has_more: false }],
      ]),
    );
    const pending = await alice.deliveriesOf(id, 'status=pending');
    expect(pending.map(({ kind }) => kind)).toEqual(Array(3).fill('redelivery'));
    expect(new Set(pending.map((delivery) => delivery.event_id)).size).toBe(3);
    const traces = await Promise.all(answers.map(({ headers }) => actionsOf(headers.get('x-correlation-id'))));
    expect(traces.flat()).toEqual(['webhook_endpoint.redelivered']);
  });

  it('sends at most 1,000 deliveries, and says that there are more', async () => {
    const { id, deliveries } = await endpointWith(1, 'failed');
    await system.query(
      `insert into webhook_delivery (id, endpoint_id, organization_id, kind, event_id, event_type, schema_version, correlation_id, payload, status, settled_at)
       select gen_random_uuid(), endpoint_id, organization_id, 'event', gen_random_uuid(), event_type, 1, correlation_id, payload, 'failed', now()
       from webhook_delivery, generate_series(1, 1200) where id = $1`,
      [deliveries[0]],
    );
    const recover = async () => (await alice.request('POST', `/endpoints/${id}/recover`, { since: YEARS })).body;
    expect([await recover(), await recover(), await recover()]).toEqual([
      { redelivered: 1_000, has_more: true },
      { redelivered: 201, has_more: false },
      { redelivered: 0, has_more: false },
    ]);
  });

  it.each([{}, { since: 'yesterday' }, { since: '2026-01-01' }, { since: null }])('is refused for %j', async (body) => {
    const { id } = await alice.register();
    expect((await alice.request('POST', `/endpoints/${id}/recover`, body)).status).toBe(422);
    await alice.request('DELETE', `/endpoints/${id}`);
  });
});
