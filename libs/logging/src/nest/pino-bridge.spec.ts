import { FastifyAdapter } from '@nestjs/platform-fastify';
import { context } from '@pikaia/core';
import { startupFailure } from '../process/startup-failure.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { pinoBridge } from './pino-bridge.js';

describe('pinoBridge', () => {
  let logs: CapturedLogs;
  beforeEach(() => void (logs = captureLogs()));
  afterEach(() => logs.restore());

  it('turns a call of pino into a record with the current context', () => {
    context.run({ correlationId: 'c1' }, () => pinoBridge.warn({ amount: 1, level: 'forged' }, 'text %s', 'more'));
    expect(logs.records).toEqual([
      expect.objectContaining({
        level: 'WARNING',
        logger: 'nest',
        event: 'nest_message',
        trace_id: 'c1',
        message: 'text more',
        amount: 1,
        'extra.level': 'forged',
      }),
    ]);
  });

  it.each<[string, readonly unknown[], string, object]>([
    ['without arguments', ['100 % of %s'], '100 % of %s', {}],
    ['for a text and numbers', ['%s of %d, %i, %f', 'a', '2', 3.7, 1.5], 'a of 2, 3, 1.5', {}],
    [
      'for objects, without secrets',
      ['%o %j %O %s', { token: 'p' }, [1], new Map([['a', 1]]), { b: 1 }],
      '{"token":"[redacted]"} [1] {"a":1} {"b":1}',
      {},
    ],
    ['for an error', ['failed: %s', new TypeError('no')], 'failed: TypeError: no', {}],
    ['for null, undefined and a symbol', ['%s %s %s', null, undefined, Symbol('s')], 'null undefined Symbol(s)', {}],
    ['and a percent sign', ['%d%% of %s', 5, 'a'], '5% of a', {}],
    ['and keeps what is left over', ['%s', 'a', 'b', { c: 1 }], 'a', { details: ['b', { c: 1 }] }],
    ['and keeps placeholders without an argument', ['%s and %s', 'a'], 'a and %s', {}],
    ['and takes a left over error as the error', ['x', new Error('no')], 'x', { 'error.message': 'no' }],
    ['after undefined', [undefined, 'x %s', 'y'], 'x y', {}],
    ['after null', [null, 'x %s', 'y'], 'x y', {}],
    ['and keeps a Map', [new Map([['k', 'v']]), 'x'], 'x', { details: [{ k: 'v' }] }],
    ['and keeps a Date', [new Date(0), 'x', 'y'], 'x', { details: ['1970-01-01T00:00:00.000Z', 'y'] }],
    ['and keeps a list', [['a', 'b'], 'x'], 'x', { details: [['a', 'b']] }],
    [
      'and keeps details that a field of this name accompanies',
      [{ details: 1 }, 'x', 'y'],
      'x',
      { details: 1, 'extra.details': ['y'] },
    ],
    ['and keeps a context that is not a name', [{ context: { tenant: 5 } }, 'x'], 'x', { context: { tenant: 5 } }],
  ])('replaces placeholders as pino does: %s', (_, args, message, fields) => {
    (pinoBridge.info as (...given: readonly unknown[]) => void)(...args);
    expect(logs.records).toEqual([expect.objectContaining({ message, ...fields })]);
  });

  it('writes the prefix of a child logger before its messages', () => {
    pinoBridge.child({}, { msgPrefix: '[mail] ' }).info('sent to %s', 'bob');
    expect(logs.records[0]).toMatchObject({ message: '[mail] sent to bob' });
  });

  it('keeps a Set that is the only argument', () => {
    pinoBridge.info(new Set([1]));
    expect(logs.records[0]).toMatchObject({ details: [[1]] });
  });

  it('applies the serializers of a child logger to the fields of a call, and leaves errors complete', () => {
    const child = pinoBridge.child({}, { serializers: { user: ({ id }) => ({ id }), broken: (value) => value.no.no, err: () => 'lost' } }); // prettier-ignore
    child.info({ user: { id: 1, phone: '+44' }, broken: 1, err: new Error('no') }, 'x');
    expect(logs.records[0]).toMatchObject({ user: { id: 1 }, broken: '[unreadable]', 'error.message': 'no' });
    expect(logs.lines[0]).not.toContain('+44');
  });

  it('applies the redaction of a child logger to the fields of a call', () => {
    const child = pinoBridge.child({}, { redact: ['pin', 'order.card', '*.iban'] });
    child.info({ pin: 'canary', order: { card: 'canary', id: 1 }, account: { iban: 'canary', id: 2 }, n: 3 }, 'x');
    expect(logs.records[0]).toMatchObject({ pin: '[Redacted]', order: { id: 1 }, account: { id: 2 }, n: 3 });
    expect(logs.lines[0]).not.toContain('canary');
    pinoBridge.child({}, { redact: { paths: ['pin'], remove: true } }).info({ pin: 'canary' }, 'x');
    expect(logs.records[1]).not.toHaveProperty('pin');
  });

  it('logs the requests of Fastify with method, path and status, without query values', async () => {
    const app = new FastifyAdapter({ loggerInstance: pinoBridge }).getInstance();
    app.get('/x', () => 'answer');
    await app.inject('/x?email=canary');
    await app.close();
    expect(logs.records).toEqual([
      expect.objectContaining({ message: 'incoming request', req: { method: 'GET', url: '/x' } }),
      expect.objectContaining({ message: 'request completed', res: { statusCode: 200 } }),
    ]);
    expect(logs.lines.join()).not.toContain('canary');
  });

  it('writes startup messages of Nest at DEBUG, and its warnings at WARNING', () => {
    pinoBridge.info({ context: 'RoutesResolver' }, 'mapped');
    pinoBridge.warn({ context: 'RoutesResolver' }, 'deprecated');
    pinoBridge.info({ context: 'Members' }, 'own');
    expect(logs.records.map(({ level, logger }) => [level, logger])).toEqual([
      ['DEBUG', 'RoutesResolver'],
      ['WARNING', 'RoutesResolver'],
      ['INFO', 'Members'],
    ]);
  });

  it('writes the error of a failed start, unless runService logs it', () => {
    pinoBridge.error({ context: 'ExceptionHandler', err: new Error('no database') });
    expect(logs.records).toEqual([expect.objectContaining({ level: 'CRITICAL', 'error.message': 'no database' })]);
    startupFailure.isLoggedByRunService = true;
    pinoBridge.error({ context: 'ExceptionHandler', err: new Error('no database') });
    startupFailure.isLoggedByRunService = false;
    expect(logs.records).toHaveLength(1);
  });

  it('writes the bindings of a child logger and the fields of an error', () => {
    const child = pinoBridge.child({ job: 'seal' });
    child.error(new Error('first'));
    child.fatal({ err: new Error('second') }, 'what happened');
    expect(logs.records).toEqual([
      expect.objectContaining({ level: 'ERROR', job: 'seal', 'error.message': 'first' }),
      expect.objectContaining({ level: 'CRITICAL', job: 'seal', 'error.message': 'second', message: 'what happened' }),
    ]);
  });

  it('redacts secrets and does not throw if a getter throws', () => {
    pinoBridge.info({ password: 'canary', get broken() { throw new Error('no'); } }); // prettier-ignore
    expect(logs.records[0]).toMatchObject({ password: '[redacted]', broken: '[unreadable]' });
  });
});
