import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { itWithStub, openBus, type BusUnderTest } from '../../../../../test/support/aws/event-bus.js';
import type { Fault } from '../../../../../test/support/aws/event-bus.stub.js';
import type { Outcome, SinkEvent } from '../../delivery/sink.js';
import { BUS_ERRORS, callError, entryError, NO_ANSWER, NO_CODE, TOO_LARGE, type BusError } from './bus-errors.js';
import { EventBusClient } from './event-bus.client.js';
import { EventBridgeSink } from './eventbridge.sink.js';

const eventOf = (id: string): SinkEvent => ({
  position: '1',
  eventId: id,
  eventType: 'thing.changed',
  schemaVersion: 1,
  aggregateType: 'thing',
  aggregateId: id,
  organizationId: null,
  correlationId: null,
  occurredAt: new Date(),
  payload: JSON.stringify({ event_id: id }),
  attempt: 1,
});
const BATCH = ['a', 'bad', 'c'].map(eventOf);
const rows = (at: BusError['at']) => BUS_ERRORS.filter((error) => error.at === at).map((error) => [error.code, error] as const);

/** The outcome of the event that is at fault, or of all events. */
const expected = ({ effect }: BusError): object =>
  effect === 'transport' ? { kind: 'transport' } : { kind: 'refused', permanent: effect !== 'refused' };
const accepted = { kind: 'accepted' };

/** The outcomes of a batch of three events. If one is at fault, it is the second. */
const outcomesFor = (error: BusError): object[] =>
  error.at === 'entry' || error.effect === 'sent separately'
    ? [accepted, expect.objectContaining(expected(error)), accepted]
    : BATCH.map(() => expect.objectContaining(expected(error)));

describe('each error in BUS_ERRORS has its documented effect', () => {
  let bus: BusUnderTest;

  beforeEach(async () => {
    bus = await openBus();
  });
  afterEach(() => bus.close());

  const isBad = (entries: readonly { Detail?: string }[]): boolean => entries.some(({ Detail }) => Detail!.includes('bad'));

  async function deliver(fault: (bad: boolean) => Fault | undefined): Promise<{ outcomes: readonly Outcome[]; slowed: boolean }> {
    const before = bus.sink.limits.maxConcurrency;
    bus.stub.fault = ({ entries }) => fault(isBad(entries));
    const outcomes = await bus.sink.deliver(BATCH);
    return { outcomes, slowed: bus.sink.limits.maxConcurrency < before };
  }

  const faultOf = (code: string): Fault => {
    if (code === NO_ANSWER)
      return { forge: ({ Entries, ...rest }) => ({ ...rest, Entries: [Entries[0], undefined, Entries[2]] }) };
    if (code === NO_CODE) return { forge: ({ Entries, ...rest }) => ({ ...rest, Entries: [Entries[0], {}, Entries[2]] }) };
    return { rejectEntry: ({ Detail }) => (Detail!.includes('bad') ? code : undefined) };
  };

  itWithStub.each(rows('entry').filter(([code]) => code !== TOO_LARGE))(
    '%s in the result of an entry has its documented effect',
    async (code, error) => {
      const { outcomes, slowed } = await deliver(() => faultOf(code));
      expect(outcomes).toEqual(outcomesFor(error));
      expect(slowed).toBe(error.reducesConcurrency === true);
    },
  );

  itWithStub(`${TOO_LARGE} has its documented effect without a call`, async () => {
    const large = { ...BATCH[1]!, payload: JSON.stringify({ text: 'x'.repeat(300_000) }) };
    expect(await bus.sink.deliver([BATCH[0]!, large, BATCH[2]!])).toEqual(outcomesFor(entryError(TOO_LARGE)));
  });

  itWithStub.each(rows('call'))('%s as the response to a call has its documented effect', async (code, error) => {
    const renewed = jest.spyOn(EventBusClient.prototype, 'renewCredentials');
    const fail = { status: code.startsWith('Internal') ? 500 : 400, code };
    const { outcomes, slowed } = await deliver((bad) => (bad || error.effect === 'transport' ? { fail } : undefined));
    expect(outcomes).toEqual(outcomesFor(error));
    expect(slowed).toBe(error.reducesConcurrency === true);
    expect(renewed).toHaveBeenCalledTimes(error.renewsCredentials ? 1 : 0);
    renewed.mockRestore();
  });

  it.each(rows('network'))('%s of the network has its documented effect', async (code, error) => {
    const failure = code.endsWith('Error')
      ? Object.assign(new Error('x'), { name: code })
      : Object.assign(new Error('x'), { code });
    const client = new EventBusClient({ busName: 'pikaia', region: 'eu-central-1', concurrency: 1, timeoutMs: 100 });
    client.put = () => Promise.reject(failure);
    const sink = new EventBridgeSink({
      client,
      from: 'now',
      maxBytes: 10_000,
      concurrency: 8,
      checkIntervalMs: 1000,
      random: () => 0.5,
    });
    expect(await sink.deliver(BATCH)).toEqual(outcomesFor(error));
    expect(sink.limits.maxConcurrency < 4).toBe(error.reducesConcurrency === true);
  });

  it('the table contains the errors of a real network', async () => {
    const program = resolve(__dirname, '../../../../../test/support/aws/network-errors.program.mjs');
    const env = { PATH: process.env['PATH'], AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const { stdout } = await promisify(execFile)(process.execPath, [program], { env });
    const codes = JSON.parse(stdout) as Record<string, string>;
    expect(codes).toEqual({
      cutBefore: 'ECONNRESET',
      cutAfter: 'ECONNRESET',
      noJson: 'SyntaxError',
      silent: 'AbortError',
      refused: 'ECONNREFUSED',
    });
    const known = BUS_ERRORS.map(({ code }) => code);
    expect(Object.values(codes).filter((code) => !known.includes(code))).toEqual([]);
  });
});

describe('an error that is not in the table', () => {
  it.each<[string, object, Partial<BusError>]>([
    ['of an unknown kind', new Error('?'), { effect: 'transport' }],
    ['with 500', { name: 'X', $metadata: { httpStatusCode: 500 } }, { effect: 'transport' }],
    ['with 503', { name: 'X', $metadata: { httpStatusCode: 503 } }, { effect: 'transport', reducesConcurrency: true }],
    ['with 403', { name: 'X', $metadata: { httpStatusCode: 403 } }, { effect: 'transport' }],
    ['with 429', { name: 'X', $metadata: { httpStatusCode: 429 } }, { effect: 'transport', reducesConcurrency: true }],
    ['with 408', { name: 'X', $metadata: { httpStatusCode: 408 } }, { effect: 'transport', timesOut: true }],
    ['with 400', { name: 'X', $metadata: { httpStatusCode: 400 } }, { effect: 'transport', causeUnknown: true }],
  ])('%s blames no event', (_, error, expectedError) => {
    expect(callError(error)).toMatchObject(expectedError);
  });

  it('is a refusal if it is the error of an entry', () => {
    expect(entryError('BrandNewException')).toMatchObject({ effect: 'refused' });
  });
});

describe('docs/eventbridge.md', () => {
  const document = readFileSync(resolve(__dirname, '../../../../../docs/eventbridge.md'), 'utf8');
  const written = (text: string): string[] =>
    [...text.matchAll(/^\| `(\S.*?)` +\| (\w[\w ]*?) +\| (\w[\w ]*?) +\| (.*?) +\|$/gm)].map(([, ...cells]) => cells.join(' | '));
  const inCode = BUS_ERRORS.map(({ code, at, effect, meaning, reducesConcurrency, renewsCredentials }) =>
    [
      code,
      at,
      effect,
      [meaning, reducesConcurrency && 'reduces concurrency', renewsCredentials && 'renews credentials']
        .filter(Boolean)
        .join('; '),
    ].join(' | '),
  );

  it('contains exactly the table of BUS_ERRORS', () => {
    expect(written(document)).toEqual(inCode);
  });

  it('a planted change of an effect is detected', () => {
    const planted = document.replace(/\| refused permanently/, '| refused            ');
    expect(planted).not.toBe(document);
    expect(written(planted)).not.toEqual(inCode);
  });
});

it('BUS_ERRORS contains each error once', () => {
  const names = BUS_ERRORS.map(({ at, code }) => `${at === 'entry' ? 'entry' : 'call'} ${code}`);
  expect(new Set(names).size).toBe(names.length);
});
