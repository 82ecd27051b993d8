import { context } from '@pikaia/core';
import { getLogger } from './logger.js';
import { LogField } from './record/log-fields.js';
import { captureLogs, type CapturedLogs } from './testing/index.js';

const logger = getLogger('spec');
const BYTES = 15 * 1_024;

describe('getLogger', () => {
  let logs: CapturedLogs;
  beforeEach(() => void (logs = captureLogs()));
  afterEach(() => logs.restore());

  const write = (fields: Record<string, unknown>): Record<string, unknown> => {
    logger.info('something_happened', fields);
    return logs.records.at(-1)!;
  };

  it('writes one flat JSON object that begins with time, level, logger and event', () => {
    write({ amount: 100 });
    expect(Object.keys(logs.records[0]!).slice(0, 4)).toEqual(['timestamp', 'level', 'logger', 'event']);
    expect(logs.records[0]).toMatchObject({ level: 'INFO', logger: 'spec', event: 'something_happened', amount: 100 });
    expect(logs.records[0]!['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('writes five levels, and exception writes at ERROR', () => {
    logger.debug('a_debug');
    logger.info('an_info');
    logger.warning('a_warning');
    logger.error('an_error');
    logger.critical('a_critical');
    logger.exception('an_exception', new Error('no'));
    expect(logs.records.map(({ level }) => level)).toEqual(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL', 'ERROR']);
  });

  it('writes no record below the configured level', () => {
    logs.restore();
    logs = captureLogs('warning');
    logger.info('an_info');
    logger.warning('a_warning');
    expect(logs.records.map(({ event }) => event)).toEqual(['a_warning']);
  });

  it('adds all fields of the context that is current when the line is written', () => {
    const request = { method: 'GET', path: '/x', route: '/:id', clientAddress: '198.51.100.7', userAgent: 'spec' };
    context.run({ correlationId: 'c1', origin: 'client', request }, () => {
      logger.info('before');
      context.bind({ actor: { type: 'user', id: 'u1', email: 'a@example.com' }, organizationId: 'acme' });
      logger.info('after');
    });
    logger.info('outside');
    const shared = {
      [LogField.traceId]: 'c1',
      [LogField.traceOrigin]: 'client',
      [LogField.method]: 'GET',
      [LogField.path]: '/x',
      [LogField.route]: '/:id',
      [LogField.clientAddress]: '198.51.100.7',
      [LogField.userAgent]: 'spec',
    };
    const user = { [LogField.userId]: 'u1', [LogField.userEmail]: 'a@example.com', [LogField.organizationId]: 'acme' };
    expect(logs.records[0]).toMatchObject(shared);
    expect(logs.records[0]).not.toHaveProperty([LogField.userId]);
    expect(logs.records[1]).toMatchObject({ ...shared, ...user });
    expect(logs.records[2]).not.toHaveProperty([LogField.traceId]);
  });

  it('adds event, consumer and attempt in the context of a consumer, and no user id for a system actor', () => {
    const event = { id: 'e1', type: 'member.invited', consumer: 'welcome-email', attempt: 2 };
    context.run({ correlationId: 'c1', event, actor: { type: 'system', id: 'welcome-email' } }, () => {
      logger.info('sent', { attempt: 9 });
    });
    expect(logs.records[0]).toMatchObject({ 'event.id': 'e1', consumer: 'welcome-email', attempt: 2, 'extra.attempt': 9 });
    expect(logs.records[0]).not.toHaveProperty([LogField.userId]);
    expect(write({ attempt: 9 })).toMatchObject({ attempt: 9 }); // outside a consumer, a caller can set the field
  });

  it.each<[string, object, object]>([
    [
      'the person who caused the event',
      { type: 'user', id: 'u1', email: 'a@example.com' },
      { 'usr.id': 'u1', 'usr.email': 'a@example.com' },
    ],
    ['an operator', { type: 'operator', id: 'o1' }, { 'usr.id': 'o1', 'usr.email': undefined }],
    ['no user for a program', { type: 'system', id: 'import' }, { 'usr.id': undefined, 'usr.email': undefined }],
  ])('adds the actor of the event in the context of a consumer: %s', (_, actor, fields) => {
    const event = { id: 'e1', type: 'member.invited', consumer: 'welcome-email', attempt: 1, actor: actor as never };
    context.run({ event, actor: { type: 'system', id: 'welcome-email' } }, () => logger.info('sent'));
    logs.one('sent', fields as Record<string, undefined>);
  });

  it('moves a field with a reserved name to extra, whether nested or flat', () => {
    const forged = {
      level: 'x',
      trace_id: 'x',
      'usr.id': 'x',
      usr: { id: 'x' },
      http: { status_code: 1 },
      'extra.level': 'y',
      error: 'text',
    };
    const record = context.run({ correlationId: 'c1' }, () => write(forged));
    expect(record).toMatchObject({
      level: 'INFO',
      trace_id: 'c1',
      'extra.level': 'x',
      'extra.extra.level': 'y',
      'extra.trace_id': 'x',
      'extra.usr.id': 'x',
      'extra.usr': { id: 'x' },
      'extra.http': { status_code: 1 },
      error: 'text',
    });
    expect(record).not.toHaveProperty('usr');
  });

  it('moves fields that a log platform would interpret to extra: severity, host, time, service, message and trace', () => {
    const record = write({
      status: 'error',
      host: 'h',
      date: 0,
      service: 's',
      message: 'm',
      dd: { trace_id: '1' },
      'dd.env': 'x',
    });
    for (const name of ['status', 'host', 'date', 'service', 'message', 'dd', 'dd.env'])
      expect(record).not.toHaveProperty([name]);
    expect(record).toMatchObject({
      'extra.status': 'error',
      'extra.message': 'm',
      'extra.dd': { trace_id: '1' },
      'extra.dd.env': 'x',
    });
  });

  it('adds the fields of child to each line; a field of the call takes precedence and both stay readable', () => {
    const fields = { job: 'seal', batch: 1 };
    const child = logger.child(fields).child({ batch: 2 });
    fields.job = 'changed later';
    child.info('worked', { batch: 3 });
    logger.info('worked');
    expect(logs.records[0]).toMatchObject({ job: 'seal', batch: 3, 'extra.batch': 2 });
    expect(logs.records[1]).not.toHaveProperty('job');
  });

  it('redacts values under secret keys in any spelling, at any depth, without reading them', () => {
    const read = jest.fn();
    const spellings = [
      'password',
      'Authorization',
      'set-cookie',
      'API-Key',
      'apiKey',
      'client_secret',
      'refreshToken',
      'x-api-key',
    ];
    for (const key of spellings) {
      const hidden = { get [key]() { read(); return 'canary'; } }; // prettier-ignore
      write({ ...Object.fromEntries([[key, 'canary']]), deep: [{ er: new Map([[key, 'canary']]) }], hidden });
    }
    write({ body: { name: 'canary' }, rawHeaders: ['authorization', 'canary'], headers: { host: 'canary' } });
    expect(logs.lines.join('')).not.toContain('canary');
    expect(read).not.toHaveBeenCalled();
    expect(logs.records[0]).toMatchObject({ password: '[redacted]' });
  });

  it('redacts passwords in URLs, also inside an error', () => {
    write({ url: new URL('postgres://u:canary@h/d'), text: 'see postgres://u:canary@h:5432/d now' });
    logger.exception('failed', new Error('cannot reach postgres://u:canary@h:5432/d'));
    expect(logs.lines.join('')).not.toContain('canary');
    expect(logs.records[1]).toMatchObject({ 'error.message': 'cannot reach postgres://u:[redacted]@h:5432/d' });
  });

  it('exception writes an error with its stack and its causes', () => {
    const error = new TypeError('outer', { cause: new RangeError('inner', { cause: 'at the bottom' }) });
    logger.exception('failed', error, { amount: 1 });
    expect(logs.records[0]).toMatchObject({ 'error.kind': 'TypeError', 'error.message': 'outer', amount: 1 });
    expect(logs.records[0]!['error.stack']).toMatch(/^TypeError: outer\n {4}at /);
    expect(logs.records[0]!['exc_info']).toMatch(/outer[^]*Caused by: RangeError: inner[^]*Caused by: at the bottom/);
  });

  it.each([[undefined], [null], ['text'], [42], [Symbol('s')], [{ name: 1, message: {}, stack: null }], [Object.create(null)]])(
    'exception accepts %p as the thrown value',
    (thrown) => {
      logger.exception('failed', thrown);
      expect(logs.records[0]).toHaveProperty(['error.kind']);
    },
  );

  it('writes code, constraint and table of a PostgreSQL error and none of its row values', () => {
    const driverError = Object.assign(new Error('duplicate key value violates unique constraint "member_email"'), {
      code: '23505',
      detail: 'Key (email)=(canary) already exists.',
      constraint: 'member_email',
      table: 'member',
      where: 'canary',
    });
    const error = Object.assign(new Error(driverError.message), { driverError, query: 'canary', parameters: ['canary'] });
    logger.exception('failed', error, { error, driverError });
    expect(logs.records[0]).toMatchObject({
      'error.code': '23505',
      'error.constraint': 'member_email',
      'error.table': 'member',
      driverError: { code: '23505', table: 'member' },
    });
    expect(logs.lines[0]).not.toContain('canary');
  });

  it.each([
    ['JSON.parse', () => JSON.parse('{"password": canary}') as unknown],
    [
      'JSON.parse of a long text',
      () => JSON.parse(`{"a": "${'x'.repeat(99)}", "b": canary, "c": "${'x'.repeat(99)}"}`) as unknown,
    ],
    [
      'PostgreSQL',
      () => {
        throw Object.assign(new Error('invalid input syntax for type uuid: "canary"'), { code: '22P02' });
      },
    ],
  ])('omits the input that an error of %s quotes', (_who, fail) => {
    try {
      fail();
    } catch (error) {
      logger.exception('failed', new Error('outer', { cause: error }), { again: error });
    }
    expect(logs.lines).toHaveLength(1);
    expect(logs.lines[0]).toMatch(/not valid JSON|invalid input syntax for type uuid/);
    expect(logs.lines[0]).not.toContain('canary');
  });

  it('writes a readable text for values that JSON cannot represent', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const record = write({
      circular,
      big: 10n,
      when: new Date(Number.NaN),
      bytes: Buffer.from('abc'),
      map: new Map<unknown, unknown>([['a', new Set([1, 2])], [1, 2]]), // prettier-ignore
      nan: Number.NaN,
      call: () => 1,
      symbol: Symbol('s'),
      nothing: undefined,
      list: [undefined, null],
      get broken(): never {
        throw new Error('no');
      },
    });
    expect(record).toMatchObject({
      circular: { self: '[circular]' },
      big: '10',
      when: 'Invalid Date',
      bytes: '[3 bytes]',
      map: { a: [1, 2], 1: 2 },
      nan: 'NaN',
      call: '[function]',
      symbol: 'Symbol(s)',
      list: [null, null],
      broken: '[unreadable]',
    });
    expect(record).not.toHaveProperty('nothing');
  });

  it('keeps a line within its size limits and marks it as truncated', () => {
    const deep = Array.from({ length: 50 }).reduce<object>((inner) => ({ inner }), {});
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`key_${index}`, index]));
    const long = new Error('x'.repeat(50_000));
    for (const fields of [
      { deep },
      wide,
      { wide },
      { text: '€'.repeat(1e6) },
      { list: Array.from({ length: 90 }, () => '\u0000'.repeat(2e3)) },
    ]) {
      expect(write(fields)).toMatchObject({ 'log.truncated': true });
      logger.exception('failed', long, fields);
    }
    for (const line of logs.lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(BYTES);
    for (const record of logs.of('failed')) expect(record).toMatchObject({ 'error.kind': 'Error', 'log.truncated': true });
  });
});
