import { randomInt, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { reportProof } from '../support/random/proof.report.js';
import { System } from '../support/system/system.js';

// PIKAIA_PROOF_SECONDS or PIKAIA_RUNS sets the duration. PIKAIA_PROOF_SEED repeats the random choices of a run.
const SECONDS = Number(process.env['PIKAIA_PROOF_SECONDS'] ?? 0);
const SEED = Number(process.env['PIKAIA_PROOF_SEED'] ?? randomInt(2 ** 31));
const RUNS = Number(process.env['PIKAIA_RUNS'] ?? 25);
const CALLERS = ['alice@example.com', 'gina@example.com'] as const;

jest.setTimeout((SECONDS + 240) * 1000);

interface Call {
  readonly caller: (typeof CALLERS)[number];
  readonly what: 'invite' | 'rename';
  readonly key: number;
  /** Selects the body. The body 2 is not valid. */
  readonly variant: number;
}

/** Requests that are sent at the same time, and the number of database sessions that are ended meanwhile. */
interface Wave {
  readonly calls: readonly Call[];
  readonly ended: number;
}

/** A request, its response, and the numbers of events and audit entries that it left. */
interface Sent extends Call {
  readonly status: number;
  readonly problem: string;
  readonly body: string;
  readonly replayed: boolean;
  readonly correlationId: string;
  events: number;
  entries: number;
}

const call: fc.Arbitrary<Call> = fc.record({
  caller: fc.constantFrom(...CALLERS),
  what: fc.constantFrom('invite', 'rename'),
  key: fc.nat({ max: 1 }),
  variant: fc.nat({ max: 2 }),
});
const wave: fc.Arbitrary<Wave> = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: 8 }),
  ended: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) }),
});

const groupOf = ({ caller, what, key }: Call): string => `${caller} ${what} ${key}`;
const isFinal = ({ status, problem }: Sent): boolean => status < 500 && !problem.startsWith('idempotency-key-');

const isOriginalInvitation = ({ what, status, replayed, events }: Sent): boolean =>
  what === 'invite' && status < 300 && !replayed && events === 1;

/** Describes what contradicts the promise: one key has one response and at most one effect. */
function flawsOf(sent: readonly Sent[]): string[] {
  const flaws: string[] = [];
  for (const [group, all] of Map.groupBy(sent, groupOf)) {
    const finals = all.filter(isFinal);
    const [first] = finals;
    const events = all.reduce((sum, one) => sum + one.events, 0);
    const entries = all.reduce((sum, one) => sum + one.entries, 0);
    if (!first) {
      flaws.push(`${group}: no response`);
      continue;
    }
    if (finals.filter(({ replayed }) => !replayed).length > 1) flaws.push(`${group}: processed twice`);
    if (new Set(finals.map(({ status, body, variant }) => `${status} ${variant} ${body}`)).size > 1)
      flaws.push(`${group}: different responses`);
    if (all.some(({ problem, variant }) => problem === 'idempotency-key-reused' && variant === first.variant))
      flaws.push(`${group}: refuses its own request`);
    const expected = first.status >= 300 ? [0] : first.what === 'invite' ? [1] : [0, 1]; // a name may be unchanged
    if (!expected.includes(events) || events !== entries)
      flaws.push(`${group}: ${events} events and ${entries} entries after ${first.status}`);
  }
  return flaws;
}

describe('concurrent requests that repeat keys while database sessions end', () => {
  let system: System;
  let sample: Sent[];

  beforeAll(async () => {
    system = await System.start({ worker: false });
    await system.tokens(CALLERS);
  });
  afterAll(() => system.stop());

  it('have one response and at most one effect for each key', async () => {
    const figures = { requests: 0, replayed: 0, inUse: 0, reused: 0, failed: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(wave, { minLength: 1, maxLength: 4 }), async (waves) => {
        const sent = await execute(waves);
        figures.requests += sent.length;
        figures.replayed += sent.filter(({ replayed }) => replayed).length;
        figures.inUse += sent.filter(({ problem }) => problem === 'idempotency-key-in-use').length;
        figures.reused += sent.filter(({ problem }) => problem === 'idempotency-key-reused').length;
        figures.failed += sent.filter(({ status }) => status >= 500).length;
        expect(flawsOf(sent)).toEqual([]);
        if (sent.some(isOriginalInvitation)) sample = sent;
      }),
      {
        numRuns: SECONDS ? Infinity : RUNS,
        ...(SECONDS && { interruptAfterTimeLimit: SECONDS * 1000 }),
        seed: SEED,
        endOnFailure: true,
      },
    );
    reportProof('idempotency keys', SEED, figures);
    expect(system.lines.filter(({ event }) => event === 'unhandled_error' || event === 'audit_record_missing')).toEqual([]);
  });

  it.each<[string, string, (one: Sent) => readonly Sent[]]>([
    ['an effect without a response', 'no response', (one) => [{ ...one, status: 503 }]],
    ['a second original response', 'processed twice', (one) => [one, { ...one, events: 0, entries: 0 }]],
    ['another response', 'different responses', (one) => [one, { ...one, replayed: true, body: '{}', events: 0, entries: 0 }]],
    ['a second event', '2 events', (one) => [{ ...one, events: 2 }]],
    ['a missing entry', '0 entries', (one) => [{ ...one, entries: 0 }]],
    [
      'a repeat that is taken for another request',
      'refuses its own request',
      (one) => [one, { ...one, status: 422, problem: 'idempotency-key-reused', events: 0, entries: 0 }],
    ],
  ])('the check reports %s', (_, flaw, plant) => {
    const one = sample.find(isOriginalInvitation)!;
    const others = sample.filter((other) => groupOf(other) !== groupOf(one));
    expect(flawsOf([...others, ...plant(one)])).toEqual([expect.stringContaining(flaw)]);
  });

  /** Sends all waves, and then each key once more until it has a response. */
  async function execute(waves: readonly Wave[]): Promise<Sent[]> {
    const run = randomUUID();
    const sent: Sent[] = [];
    for (const { calls, ended } of waves) {
      const answers = Promise.all(calls.map((one) => send(run, one)));
      if (ended)
        await system.query(
          `select pg_terminate_backend(pid) from (select pid from pg_stat_activity
             where application_name = 'pikaia-api' and datname = current_database() order by random() limit $1) s`,
          [ended],
        );
      sent.push(...(await answers));
    }
    for (const one of [...Map.groupBy(sent, groupOf).values()].map(([first]) => first!)) {
      let answer = await send(run, one);
      for (let variant = 0; !isFinal(answer); variant = (variant + 1) % 3) {
        sent.push(answer);
        answer = await send(run, { ...one, variant });
      }
      sent.push(answer);
    }
    const ids = sent.map(({ correlationId }) => correlationId);
    const count = (table: string) =>
      system.query<{ id: string; count: number }>(
        `select correlation_id::text as id, count(*)::int from ${table} where correlation_id = any ($1::uuid[]) group by 1`,
        [ids],
      );
    const [events, entries] = [await count('outbox.outbox_log'), await count('audit.record')];
    for (const one of sent) {
      one.events = events.find(({ id }) => id === one.correlationId)?.count ?? 0;
      one.entries = entries.find(({ id }) => id === one.correlationId)?.count ?? 0;
    }
    return sent;
  }

  async function send(run: string, { caller, what, key, variant }: Call): Promise<Sent> {
    const correlationId = randomUUID();
    const [method, path, body] =
      what === 'invite'
        ? ['POST', '/members/invitations', { email: variant === 2 ? 'none' : `${run}-${variant}@example.com`, role: 'member' }]
        : ['PATCH', '/organization', { name: variant === 2 ? '' : `${run} ${variant}` }];
    const answer = await system.request(method as string, path as string, {
      as: caller,
      body,
      headers: { 'idempotency-key': `${run}-${key}`, 'x-correlation-id': correlationId },
    });
    return {
      caller,
      what,
      key,
      variant,
      correlationId,
      status: answer.status,
      problem: String(answer.body['type'] ?? '').replace('urn:pikaia:problem:', ''),
      body: JSON.stringify(answer.body),
      replayed: answer.headers.get('idempotent-replayed') === 'true',
      events: 0,
      entries: 0,
    };
  }
});
