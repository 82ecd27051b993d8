import { SecretCipher } from '@pikaia/webhooks';
import fc from 'fast-check';
import { organizationNotice } from '../../apps/api/src/identity/development-notice.js';
import { IdentityProvider } from '../support/system/identity.provider.js';
import { System } from '../support/system/system.js';
import { createTenant } from '../support/system/tenants.js';
import { WebhookAdmin } from '../support/system/webhook-endpoints.js';
import { waitFor } from '../support/time/wait-for.js';

const SEED = 20_261_130;
const SINK = 'local/webhook-fan-out';
const KEY = 'a key of the tests that is long enough'; // that of System

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

let renamed = 0;
const rename = (admin: WebhookAdmin) => admin.cause('PATCH', '/organization', { name: `Name ${++renamed}` });
const typesOf = async (admin: WebhookAdmin, id: string) => (await admin.deliveriesOf(id)).map((delivery) => delivery.event_type);

/** Replays the events of an organization to the consumer, and waits until it has handled them. */
async function replayAll(admin: WebhookAdmin, organizationId: string): Promise<void> {
  const answer = await system.request('POST', '/admin/events/replay', {
    as: admin.as,
    body: { filter: { organization_id: organizationId }, sink: SINK, dry_run: false },
  });
  expect(answer.status).toBe(202);
  await waitFor('the replay', async () => {
    const { body } = await system.request('GET', `/admin/outbox/commands/${String(answer.body['id'])}`, { as: admin.as });
    return body['status'] === 'done';
  });
}

describe('an event', () => {
  it('reaches the endpoints of its organization that want its type, and no others', async () => {
    const tenant = new WebhookAdmin(system, (await createTenant(system, 'other')).admin);
    const ids = await Promise.all([
      alice.register({ event_types: ['organization.updated', 'member.joined'] }),
      alice.register(),
      alice.register({ event_types: ['member.joined'] }),
    ]);
    const foreign = await tenant.register();
    await rename(alice);
    const found = await Promise.all(ids.map(({ id }) => typesOf(alice, id)));
    expect(found).toEqual([['organization.updated'], ['organization.updated'], []]);
    expect(await typesOf(tenant, foreign.id)).toEqual([]);
  });

  it('is stored once for an endpoint, also if it is replayed, and never for an endpoint that is newer', async () => {
    const { organizationId, admin } = await createTenant(system, 'replay');
    const tenant = new WebhookAdmin(system, admin);
    const old = await tenant.register({ event_types: ['organization.updated'] });
    await rename(tenant);
    const newer = await tenant.register({ event_types: ['organization.updated'] });
    const before = await tenant.deliveriesOf(old.id);
    expect(before).toHaveLength(1);
    await replayAll(tenant, organizationId);
    expect(await tenant.deliveriesOf(old.id).then((list) => list.map((one) => one.id))).toEqual(before.map((one) => one.id));
    expect(await typesOf(tenant, newer.id)).toEqual([]);
    await rename(tenant);
    expect([await typesOf(tenant, old.id), await typesOf(tenant, newer.id)]).toEqual([
      ['organization.updated', 'organization.updated'],
      ['organization.updated'],
    ]);
  });

  it('is not stored after its organization was deleted, and the pending deliveries are canceled', async () => {
    const { organizationId, admin } = await createTenant(system, 'deleted');
    const tenant = new WebhookAdmin(system, admin);
    const { id } = await tenant.register({ event_types: ['organization.updated'] });
    await rename(tenant);
    const statuses = () =>
      system.query<{ status: string }>('select status from webhook_delivery where endpoint_id = $1 order by id', [id]);
    const [row] = await system.query<{ provider_id: string }>(
      'select provider_id from organizations_organization where id = $1',
      [organizationId],
    );
    const notice = organizationNotice(row!.provider_id, 'deleted', { action: 'DELETE' });
    const outcome = await new IdentityProvider(system).outcomeOf(notice);
    expect(outcome).toBe('handled');
    await waitFor('the cancellation', async () => (await statuses()).every(({ status }) => status === 'canceled'));
    expect(await statuses()).toHaveLength(1);
  });
});

describe('the events of an organization', () => {
  const TYPES = ['organization.updated', 'user.profile_updated'] as const;
  const filter = fc.oneof(fc.constant<string[]>(['*']), fc.subarray<string>([...TYPES, 'member.joined'], { minLength: 1 }));
  const step = fc.oneof(
    fc.record({ do: fc.constant('register' as const), types: filter }),
    fc.record({ do: fc.constant('filter' as const), which: fc.nat(), types: filter }),
    fc.record({ do: fc.constantFrom('enabled' as const, 'disabled' as const), which: fc.nat() }),
    fc.record({ do: fc.constant('delete' as const), which: fc.nat() }),
    { weight: 3, arbitrary: fc.record({ do: fc.constant('event' as const), type: fc.constantFrom(...TYPES) }) },
  );

  interface Model {
    readonly id: string;
    types: string[];
    enabled: boolean;
    readonly expected: string[];
  }

  it('are stored for each endpoint that existed, was enabled and wanted the type when the event occurred', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 16 }), async (steps) => {
        const { admin } = await createTenant(system, 'model');
        const tenant = new WebhookAdmin(system, admin);
        const live: Model[] = [];
        for (const one of steps) {
          const endpoint = 'which' in one && live.length > 0 ? live[one.which % live.length]! : undefined;
          const path = `/endpoints/${endpoint?.id}`;
          if (one.do === 'register')
            live.push({ ...(await tenant.register({ event_types: one.types })), types: one.types, enabled: true, expected: [] });
          else if (one.do === 'event') {
            if (one.type === 'organization.updated') await rename(tenant);
            else await tenant.cause('PATCH', '/me', { name: `Name ${++renamed}` });
            for (const { types, enabled, expected } of live)
              if (enabled && (types[0] === '*' || types.includes(one.type))) expected.unshift(one.type);
          } else if (endpoint && one.do === 'filter') {
            await tenant.request('PATCH', path, { event_types: one.types });
            endpoint.types = one.types;
          } else if (endpoint && one.do === 'delete') {
            await tenant.request('DELETE', path);
            live.splice(live.indexOf(endpoint), 1);
          } else if (endpoint) {
            await tenant.request('PATCH', path, { status: one.do });
            endpoint.enabled = one.do === 'enabled';
          }
        }
        for (const { id, expected } of live) expect(await typesOf(tenant, id)).toEqual(expected);
      }),
      { seed: SEED, numRuns: 6, endOnFailure: true },
    );
  });
});

describe('the secrets of an endpoint', () => {
  const cipher = new SecretCipher([KEY]);
  const step = fc.record({ overlapHours: fc.constantFrom(0, 1, 24, 168), hoursPass: fc.constantFrom(0, 2, 30, 200) });

  it('that sign are the newest one and those whose overlap has not passed, after any sequence of rotations', async () => {
    const { id, secret } = await alice.register();
    let model: { secret: string; hoursLeft: number }[] = [{ secret, hoursLeft: Infinity }];
    const valid = async () => {
      const rows = await system.query<{ key_id: string; ciphertext: string }>(
        'select key_id, ciphertext from webhook_secret where endpoint_id = $1 and (expires_at is null or expires_at > now())',
        [id],
      );
      return rows.map(({ key_id: keyId, ciphertext }) => cipher.decrypt({ keyId, ciphertext }, id)).sort();
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        for (const { overlapHours, hoursPass } of steps) {
          await system.query(
            `update webhook_secret set expires_at = expires_at - $2::int * interval '1 hour' where endpoint_id = $1`,
            [id, hoursPass],
          );
          const { status, body } = await alice.request('POST', `/endpoints/${id}/secret/rotate`, { overlap_hours: overlapHours });
          model = model.map((one) => ({ ...one, hoursLeft: one.hoursLeft - hoursPass })).filter(({ hoursLeft }) => hoursLeft > 0);
          const isRefused = overlapHours > 0 && model.length > 5;
          expect(status).toBe(isRefused ? 409 : 200);
          if (!isRefused) {
            model = model.map((one) => ({ ...one, hoursLeft: Math.min(one.hoursLeft, overlapHours) }));
            model = model.filter(({ hoursLeft }) => hoursLeft > 0);
            model.push({ secret: String(body['secret']), hoursLeft: Infinity });
          }
          expect(await valid()).toEqual(model.map((one) => one.secret).sort());
        }
      }),
      { seed: SEED, numRuns: 5, endOnFailure: true },
    );
    const entries = await system.query(
      `select from audit.record where aggregate_id = $1 and action = 'webhook_endpoint.secret_rotated'`,
      [id],
    );
    expect(entries.length).toBeGreaterThan(4);
  });

  it('cannot be rotated with an overlap that is not a number of hours up to a week', async () => {
    const { id } = await alice.register();
    for (const overlap of [-1, 169, 0.5, '24', null]) {
      const answer = await alice.request('POST', `/endpoints/${id}/secret/rotate`, { overlap_hours: overlap });
      expect([overlap, answer.status]).toEqual([overlap, 422]);
    }
  });
});
