import { System, type ApiResponse } from '../support/system/system.js';

const ALICE = 'alice@example.com';
const CAROL = 'carol@example.com';
const GINA = 'gina@example.com';
const URL = 'https://hooks.example.com/pikaia';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

let system: System;
beforeAll(async () => {
  system = await System.start();
});
afterAll(async () => {
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]);
  await system.stop();
});

const post = (path: string, body: object, headers = {}, as = ALICE) =>
  system.request('POST', `/webhooks${path}`, { as, body, headers });
const get = (path: string, as = ALICE) => system.request('GET', `/webhooks${path}`, { as });
const data = <T = Record<string, unknown>>({ body }: ApiResponse) => body['data'] as T[];

/** Registers an endpoint and returns its path below /webhooks. */
async function register(fields: object = {}, as = ALICE): Promise<string> {
  const { status, body } = await post('/endpoints', { url: URL, ...fields }, {}, as);
  expect(status).toBe(201);
  return `/endpoints/${String(body['id'])}`;
}

describe('a webhook endpoint', () => {
  it('gets one delivery of an event that occurs after its registration', async () => {
    const path = await register({ event_types: ['member.invited'] });
    const invited = await system.request('POST', '/members/invitations', {
      as: ALICE,
      body: { email: 'wanda@example.com', role: 'member' },
      headers: { prefer: 'change-token' },
    });
    await system.waitUntilSeen('webhook-fan-out', invited);
    const [delivery] = data<{ id: string }>(await get(`${path}/deliveries`));
    expect(delivery).toMatchObject({ kind: 'event', event_type: 'member.invited', version: 1, id: expect.stringMatching(UUID) });
    const { payload } = (await get(`/deliveries/${delivery!.id}`)).body as { payload: string };
    expect(JSON.parse(payload)).toEqual({
      type: 'member.invited',
      timestamp: expect.any(String),
      version: 1,
      organization_id: expect.stringMatching(UUID),
      object: { type: 'member', id: invited.body['id'] },
      data: expect.objectContaining({ email: 'wanda@example.com', role: 'member' }),
    });
    expect((await get(`${path}/deliveries`, GINA)).status).toBe(404);
    expect((await get(path, CAROL)).status).toBe(403);
  });
});
