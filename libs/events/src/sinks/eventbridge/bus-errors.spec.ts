import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { itWithStub, openBus, type BusUnderTest } from '../../../../../test/support/event-bus.js';
import type { Fault } from '../../../../../test/support/event-bus.stub.js';
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

/** What becomes of the event that is at fault, or of all. */
const expected = ({ fate }: BusError): object =>
  fate === 'transport' ? { kind: 'transport' } : { kind: 'refused', permanent: fate !== 'refused' };
const accepted = { kind: 'accepted' };

/** Every outcome of a batch of three, of which the second is at fault where one is. */
const outcomesFor = (error: BusError): object[] =>
  error.at === 'entry' || error.fate === 'one by one'
    ? [accepted, expect.objectContaining(expected(error)), accepted]
    : BATCH.map(() => expect.objectContaining(expected(error)));

describe('each error of the table does what the table says', () => {
  let bus: BusUnderTest;

  beforeEach(async () => {
    bus = await openBus();
  });
  afterEach(() => bus.close());

  const isBad = (entries: readonly { Detail?: string }[]): boolean => entries.some(({ Detail }) => Detail!.includes('bad'));

  async function deliver(fault: (bad: boolean) => Fault | undefined): Promise<{ outcomes: readonly Outcome[]; slowed: boolean }> {
    const before = bus.sink.limits.concurrency;
    bus.stub.fault = ({ entries }) => fault(isBad(entries));
    const outcomes = await bus.sink.deliver(BATCH);
    return { outcomes, slowed: bus.sink.limits.concurrency < before };
  }

  const faultOf = (code: string): Fault => {
    if (code === NO_ANSWER)
      return { forge: ({ Entries, ...rest }) => ({ ...rest, Entries: [Entries[0], undefined, Entries[2]] }) };
    if (code === NO_CODE) return { forge: ({ Entries, ...rest }) => ({ ...rest, Entries: [Entries[0], {}, Entries[2]] }) };
    return { rejectEntry: ({ Detail }) => (Detail!.includes('bad') ? code : undefined) };
  };

  itWithStub.each(rows('entry').filter(([code]) => code !== TOO_LARGE))('%s of an entry', async (code, error) => {
    const { outcomes, slowed } = await deliver(() => faultOf(code));
    expect(outcomes).toEqual(outcomesFor(error));
    expect(slowed).toBe(error.slowsDown === true);
  });

  itWithStub(`${TOO_LARGE} of an entry`, async () => {
    const large = { ...BATCH[1]!, payload: JSON.stringify({ text: 'x'.repeat(300_000) }) };
    expect(await bus.sink.deliver([BATCH[0]!, large, BATCH[2]!])).toEqual(outcomesFor(entryError(TOO_LARGE)));
  });

  itWithStub.each(rows('call'))('%s of a call', async (code, error) => {
    const renewed = jest.spyOn(EventBusClient.prototype, 'renew');
    const fail = { status: code.startsWith('Internal') ? 500 : 400, code };
    const { outcomes, slowed } = await deliver((bad) => (bad || error.fate === 'transport' ? { fail } : undefined));
    expect(outcomes).toEqual(outcomesFor(error));
    expect(slowed).toBe(error.slowsDown === true);
    expect(renewed).toHaveBeenCalledTimes(error.renews ? 1 : 0);
    renewed.mockRestore();
  });

  it.each(rows('network'))('%s of the network', async (code, error) => {
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
    expect(sink.limits.concurrency < 4).toBe(error.slowsDown === true);
  });

  it('those of a real network are in it', async () => {
    const program = resolve(__dirname, '../../../../../test/support/network-errors.program.mjs');
    const env = { PATH: process.env['PATH'], AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', program], { env });
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
    ['of an unknown kind', new Error('?'), { fate: 'transport' }],
    ['with 500', { name: 'X', $metadata: { httpStatusCode: 500 } }, { fate: 'transport' }],
    ['with 503', { name: 'X', $metadata: { httpStatusCode: 503 } }, { fate: 'transport', slowsDown: true }],
    ['with 403', { name: 'X', $metadata: { httpStatusCode: 403 } }, { fate: 'transport' }],
    ['with 429', { name: 'X', $metadata: { httpStatusCode: 429 } }, { fate: 'transport', slowsDown: true }],
    ['with 400', { name: 'X', $metadata: { httpStatusCode: 400 } }, { fate: 'one by one', blamesNobody: true }],
  ])('%s blames no event', (_, error, meaning) => {
    expect(callError(error)).toMatchObject(meaning);
  });

  it('of an entry is tried again as a refusal', () => {
    expect(entryError('BrandNewException')).toMatchObject({ fate: 'refused' });
  });
});

describe('docs/event-bus.md', () => {
  const document = readFileSync(resolve(__dirname, '../../../../../docs/event-bus.md'), 'utf8');
  const written = (text: string): string[] =>
    [...text.matchAll(/^\| `(\S.*?)` +\| (\w[\w ]*?) +\| (\w[\w ]*?) +\| (.*?) +\|$/gm)].map(([, ...cells]) => cells.join(' | '));
  const inCode = BUS_ERRORS.map(({ code, at, fate, about, slowsDown, renews }) =>
    [code, at, fate, [about, slowsDown && 'fewer calls at a time', renews && 'new credentials'].filter(Boolean).join('; ')].join(
      ' | ',
    ),
  );

  it('has the table, and no other', () => {
    expect(written(document)).toEqual(inCode);
  });

  it('would miss a changed fate (planted)', () => {
    const planted = document.replace(/\| refused for good/, '| refused         ');
    expect(planted).not.toBe(document);
    expect(written(planted)).not.toEqual(inCode);
  });
});

it('names each error once', () => {
  const names = BUS_ERRORS.map(({ at, code }) => `${at === 'entry' ? 'entry' : 'call'} ${code}`);
  expect(new Set(names).size).toBe(names.length);
});
