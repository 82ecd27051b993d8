import { BadRequestException } from '@nestjs/common';
import { getLogger } from '../logger.js';
import { captureLogs } from '../testing/index.js';
import { describeThrown, errorMessage } from './value-text.js';

class PaymentError extends Error {}
class CardError extends TypeError {
  override readonly name = 'CardDeclined';
}
const fail = (): never => {
  throw new Error('no');
};
const selfCaused = new PaymentError('round');
selfCaused.cause = selfCaused;
const ownError = new AggregateError([], 'all');
ownError.errors.push(ownError);
const left = new Error('left');
left.cause = new Error('right', { cause: left });

describe('describeThrown', () => {
  it.each<[string, unknown, string, string]>([
    ['an object', { error: 'card declined' }, 'Object', '{"error":"card declined"}'],
    ['an object with a message', { message: 'declined', status: 402 }, 'Object', 'declined'],
    ['an object with a name and a message', { name: 'Declined', message: 'no funds' }, 'Declined', 'no funds'],
    ['a list', ['a', { b: 1 }], 'Array', '["a",{"b":1}]'],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), 'Object', '{"a":1}'],
    ['a class instance', new (class Declined { readonly reason = 'no funds'; })(), 'Declined', '{"reason":"no funds"}'], // prettier-ignore
    ['a text', 'declined', 'string', 'declined'],
    ['an empty text', '', 'string', '""'],
    ['white space', ' \n', 'string', '" \\n"'],
    ['a number', 402, 'number', '402'],
    ['null', null, 'null', 'null'],
    ['undefined', undefined, 'undefined', 'undefined'],
    ['an error class', PaymentError, 'function', '[function PaymentError]'],
    ['an error without a name of its own', new PaymentError('declined'), 'PaymentError', 'declined'],
    ['an error with a name of its own', new CardError('declined'), 'CardDeclined', 'declined'],
    ['an error whose name was set', Object.assign(new PaymentError('no'), { name: 'Renamed' }), 'Renamed', 'no'],
    ['a built-in error', new RangeError('too far'), 'RangeError', 'too far'],
    ['an error of the platform', new DOMException('too late', 'TimeoutError'), 'TimeoutError', 'too late'],
    ['an error whose message is an object', Object.assign(new Error(), { message: { code: 402 } }), 'Error', '{"code":402}'],
    ['an error with fields and no message', Object.assign(new Error(), { status: 402 }), 'Error', '{"status":402}'],
    ['an AggregateError without a message', new AggregateError([new Error('a'), 'b']), 'AggregateError', 'a; b'],
    ['a proxy that throws', new Proxy({}, { get: fail, getPrototypeOf: fail, ownKeys: fail }), 'Object', '[unreadable]'],
    ['an error whose message throws', Object.defineProperty(new PaymentError(), 'message', { get: fail }), 'PaymentError', '[unreadable]'], // prettier-ignore
    ['an object with a getter that throws', { a: 1, get b() { return fail(); } }, 'Object', '{"a":1,"b":"[unreadable]"}'], // prettier-ignore
  ])('returns kind and message of %s', (_, thrown, kind, message) => {
    const described = describeThrown(thrown);
    expect(described).toMatchObject({ kind, message });
    expect(described.chain).toContain(message);
    expect(described.summary).toContain(message);
  });

  it('names the class of an error in the first line of its stack and of the stacks of its causes', () => {
    const { stack, chain } = describeThrown(new PaymentError('outer', { cause: new CardError('inner') }));
    expect(stack).toMatch(/^PaymentError: outer\n {4}at /);
    expect(chain).toMatch(/^PaymentError: outer\n {4}at [^]*\nCaused by: CardDeclined: inner\n {4}at /);
  });

  it('keeps all fields of an object that has a message', () => {
    expect(describeThrown({ message: 'declined', status: 402, password: 'canary' }).stack).toBe(
      'Object: declined {"message":"declined","status":402,"password":"[redacted]"}',
    );
  });

  it.each<[string, object, string]>([
    ['a list of messages', new BadRequestException(['a must be x']), '{"response":{"message":["a must be x"],'],
    ['an object', new BadRequestException({ errors: { a: 'must be x' } }), '{"response":{"errors":{"a":"must be x"}},'],
    [
      'fields of its own',
      Object.assign(new PaymentError('no'), { orderId: 7, token: 'canary' }),
      '{"orderId":7,"token":"[redacted]"}',
    ],
    ['an object of texts', Object.assign(new Error('no'), { errors: { name: 'required' } }), '{"errors":{"name":"required"}}'],
  ])('keeps the content of an error that has a message and %s', (_, error, content) => {
    const { stack, chain } = describeThrown(error);
    expect(stack.split('\n').at(-1)).toContain(content);
    expect(chain).toBe(stack);
  });

  it('describes inner errors that are the values of an object or a Map', () => {
    const errors = { name: new Error('a'), age: new Error('b') };
    for (const inner of [errors, new Map(Object.entries(errors))])
      expect(describeThrown(Object.assign(new Error('invalid'), { errors: inner })).summary).toBe(
        'Error: invalid [Error: a; Error: b]',
      );
  });

  it('describes an object whose values are accessors of its class', () => {
    expect(describeThrown(new Response('x', { status: 503, statusText: 'Busy' })).message).toMatch(
      /"status":503.*"statusText":"Busy"/,
    );
    expect(describeThrown(new Event('abort')).message).toContain('"type":"abort"');
  });

  it('describes causes that are no errors', () => {
    const error = new Error('outer', { cause: { error: 'card declined', cause: 'no funds' } });
    expect(describeThrown(error).summary).toBe(
      'Error: outer <- Object: {"error":"card declined","cause":"no funds"} <- no funds',
    );
  });

  it('describes the inner errors of an AggregateError and of a SuppressedError with their stacks and causes', () => {
    const errors = [new PaymentError('a', { cause: 'why' }), { code: 'E1', error: 'b' }];
    const all = describeThrown(new AggregateError(errors, 'all failed', { cause: new Error('outer cause') }));
    expect(all).toMatchObject({
      message: 'all failed',
      reason: 'all failed [PaymentError: a <- why; Object E1: {"code":"E1","error":"b"}]',
      summary: 'AggregateError: all failed [PaymentError: a <- why; Object E1: {"code":"E1","error":"b"}] <- Error: outer cause',
    });
    expect(all.chain).toMatch(
      /^AggregateError: all failed\n[^]*\n {4}Error 1 of 2: PaymentError: a\n {8}at [^]*\n {4}Caused by: why\n {4}Error 2 of 2: Object: \{"code":"E1","error":"b"\}\nCaused by: Error: outer cause\n {4}at /,
    );
    const suppressed = Object.assign(new Error('in a disposal'), { error: new Error('c'), suppressed: new Error('d') });
    expect(errorMessage(suppressed)).toBe('in a disposal [Error: c; Error: d]');
  });

  it.each<[string, unknown, string, number]>([
    ['itself as its cause', selfCaused, 'PaymentError: round <- [circular]', 1],
    ['a cause that refers back', left, 'Error: left <- Error: right <- [circular]', 1],
    ['itself among its errors', ownError, 'AggregateError: all [[circular]]', 1],
  ])('says once that an error has %s', (_, thrown, summary, count) => {
    const described = describeThrown(thrown);
    expect(described.summary).toBe(summary);
    expect(described.chain.split('[circular]')).toHaveLength(count + 1);
  });

  it('describes errors that refer to each other in their fields in little time', () => {
    const errors: Error[] = Array.from({ length: 50 }, () => new Error());
    for (const error of errors) Object.assign(error, { all: errors, cause: { all: errors } });
    const startedAt = performance.now();
    expect(describeThrown(errors[0]).chain.length).toBeLessThanOrEqual(16_385);
    expect(performance.now() - startedAt).toBeLessThan(30_000); // without the limit it would take hours
  });

  it('limits the depth and the number of causes and errors', () => {
    const deep = Array.from({ length: 50 }).reduce<Error>(
      (cause, _, index) => new Error(`e${index}`, { cause }),
      new Error('end'),
    );
    expect(describeThrown(deep).summary).toMatch(/^Error: e49 <- (Error: e4\d <- )+\[too deep\]$/);
    const wide = new AggregateError(
      Array.from({ length: 1_000 }, (_, index) => new Error(`e${index}`)),
      'all',
    );
    expect(errorMessage(wide)).toMatch(/^all \[Error: e0; .*Error: e9; 990 more\]$/);
    const endless = new Proxy(new Error('again'), { get: (error, key) => (key === 'cause' ? new Error('more', { cause: endless }) : Reflect.get(error, key)) }) as Error; // prettier-ignore
    expect(describeThrown(endless).summary.length).toBeLessThan(9_000);
  });

  it('hides secrets, and the row values of a copied database error', () => {
    const copy = { code: '23505', severity: 'ERROR', message: 'duplicate key', detail: 'Key (email)=(canary)', table: 'member' };
    const thrown = [
      { password: 'canary', note: 'token=canary' },
      copy,
      { driverError: copy, query: 'canary', parameters: ['canary'], message: 'failed' },
      new Error('outer', { cause: { authorization: 'Bearer canary' } }),
      new AggregateError([{ headers: { cookie: 'canary' } }, copy], 'all'),
      Object.assign(new Error(), { api_key: 'canary' }),
      Object.assign(new Error('failed'), {
        parameters: ['canary'],
        query: 'canary',
        original: copy,
        parent: { driverError: copy },
      }),
      Object.assign(new Error('not found'), { criteria: { email: 'canary' }, config: { data: 'canary' } }),
      Object.assign(new Error('failed'), { detail: 'Key (email)=(canary)', where: 'canary' }),
      new BadRequestException([{ property: 'email', value: 'canary', target: { email: 'canary' } }]),
    ];
    const logs = captureLogs();
    for (const each of thrown) getLogger('spec').exception('failed', each, { again: each instanceof Error ? each : undefined });
    logs.restore();
    expect(logs.lines).toHaveLength(thrown.length);
    expect([...logs.lines, ...thrown.map((each) => describeThrown(each).summary)].join('\n')).not.toContain('canary');
  });
});
