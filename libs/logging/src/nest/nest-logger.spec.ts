import { Logger } from '@nestjs/common';
import { startupFailure } from '../process/startup-failure.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { nestLogger } from './nest-logger.js';

type Method = 'log' | 'error' | 'warn' | 'debug' | 'verbose' | 'fatal';
type Records = readonly Record<string, unknown>[];

const failure = new TypeError('boom');
const { stack } = failure;
const fail = (): never => {
  throw new Error('no');
};
class Order {
  readonly id = 5;
}
const thrown = {
  'error.kind': 'TypeError',
  'error.message': 'boom',
  'error.stack': expect.stringContaining('TypeError: boom\n'),
};

describe('nestLogger', () => {
  let logs: CapturedLogs;
  beforeEach(() => void (logs = captureLogs()));
  afterEach(() => logs.restore());

  const call = (method: Method, args: readonly unknown[]): void =>
    (nestLogger()[method] as (...given: readonly unknown[]) => void)(...args);
  /** The fields of the records, without those that every record has. */
  const written = (): Records =>
    logs.records.map(({ timestamp: _time, event: _event, service: _service, env: _env, exc_info: _stacks, ...others }) => others);

  // The last text is the context, which Nest's Logger appends to each call.
  // prettier-ignore
  it.each<[string, Method, readonly unknown[], Records]>([
    ['a text', 'log', ['x'], [{ level: 'INFO', logger: 'nest', message: 'x' }]],
    ['a text and its context', 'log', ['x', 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: 'x' }]],
    ['an error and no text', 'error', [failure, 'Ctx'], [{ level: 'ERROR', logger: 'Ctx', ...thrown }]],
    ['a text and an error', 'error', ['x', failure, 'Ctx'], [{ level: 'ERROR', logger: 'Ctx', message: 'x', ...thrown }]],
    ['a text and an error without context', 'error', ['x', failure], [{ level: 'ERROR', logger: 'nest', message: 'x', ...thrown }]],
    ['a text and a stack', 'error', ['x', stack], [{ level: 'ERROR', logger: 'nest', message: 'x', ...thrown }]],
    ['a text, a stack and a context', 'error', ['x', stack, 'Ctx'], [{ level: 'ERROR', logger: 'Ctx', message: 'x', ...thrown }]],
    ['a text, a context and a stack', 'error', ['x', 'Ctx', stack], [{ level: 'ERROR', logger: 'Ctx', message: 'x', ...thrown }]],
    ['a text, no stack and a context', 'error', ['x', undefined, 'Ctx'], [{ level: 'ERROR', logger: 'Ctx', message: 'x' }]],
    ['a text and no stack', 'error', ['x', undefined], [{ level: 'ERROR', logger: 'nest', message: 'x' }]],
    ['a text in place of the stack', 'error', ['x', 'no funds', 'Ctx'], [{ level: 'ERROR', logger: 'Ctx', message: 'x', 'error.kind': 'Error', 'error.message': 'no funds', 'error.stack': 'Error: no funds', }]],
    ['an error and its stack', 'error', [failure, stack, 'Ctx'], [{ level: 'ERROR', logger: 'Ctx', ...thrown }]],
    ['an error before a text', 'error', [failure, 'x', 'Ctx'], [{ level: 'ERROR', logger: 'Ctx', message: 'x', ...thrown }]],
    ['an error as a field', 'error', ['x', { err: failure, id: 5 }, 'Ctx'], [{ level: 'ERROR', logger: 'Ctx', message: 'x', id: 5, ...thrown }]],
    ['two errors', 'error', [failure, new Error('other'), 'Ctx'], [{ level: 'ERROR', logger: 'Ctx', ...thrown }, expect.objectContaining({ 'error.message': 'other' })] as Records],
    ['a fatal error', 'fatal', ['x', failure, 'Ctx'], [{ level: 'CRITICAL', logger: 'Ctx', message: 'x', ...thrown }]],
    ['a fatal stack', 'fatal', ['x', stack, 'Ctx'], [{ level: 'CRITICAL', logger: 'Ctx', message: 'x', ...thrown }]],
    ['a warning with an error', 'warn', ['x', failure, 'Ctx'], [{ level: 'WARNING', logger: 'Ctx', message: 'x', ...thrown }]],
    ['verbose', 'verbose', ['x', 'Ctx'], [{ level: 'DEBUG', logger: 'Ctx', message: 'x' }]],
    ['debug', 'debug', ['x', 'Ctx'], [{ level: 'DEBUG', logger: 'Ctx', message: 'x' }]],
    ['a list', 'log', [['a', 1], 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: ['a', 1] }]],
    ['an object', 'log', [{ id: 5 }, 'Ctx'], [{ level: 'INFO', logger: 'Ctx', id: 5 }]],
    ['an object with a message', 'log', [{ message: 'x', id: 5 }, 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: 'x', id: 5 }]],
    ['an object with reserved names', 'log', [{ level: 'forged', password: 'p' }, 'Ctx'], [{ level: 'INFO', logger: 'Ctx', 'extra.level': 'forged', password: '[redacted]' }]],
    ['a class instance', 'log', [new Order(), 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: { id: 5 } }]],
    ['a text and objects', 'log', ['x', { id: 5 }, { to: 'bob' }, 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: 'x', id: 5, to: 'bob' }]],
    ['an object before a text', 'log', [{ id: 5 }, 'x', 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: 'x', id: 5 }]],
    ['several texts', 'log', ['a', 'b', 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: 'a' }, { level: 'INFO', logger: 'Ctx', message: 'b' }]],
    ['placeholders', 'debug', ['foo %s %o', 'bar', { baz: 'qux', token: 'p' }, 'Ctx'], [{ level: 'DEBUG', logger: 'Ctx', message: 'foo bar {"baz":"qux","token":"[redacted]"}' }]],
    ['a percent sign and nothing for it', 'log', ['100 %s', 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: '100 %s' }]],
    ['a number', 'log', [42, 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: 42 }]],
    ['null', 'log', [null, 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: null }]],
    ['undefined', 'log', [undefined, 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: 'undefined' }]],
    ['nothing', 'log', [], [{ level: 'INFO', logger: 'nest', message: 'undefined' }]],
    ['an empty text', 'log', ['', 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: '' }]],
    ['a function', 'log', [() => 'later', 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: 'later' }]],
    ['a function that throws', 'log', [fail, 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: '[unreadable]' }]],
    ['a class', 'log', [Order, 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: 'Order' }]],
    ['a proxy that throws', 'log', [new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail }), 'Ctx'], [{ level: 'INFO', logger: 'Ctx', message: '[unreadable]' }]],
    ['an exception that is null', 'error', [null, undefined, 'ExceptionsHandler'], [{ level: 'ERROR', logger: 'ExceptionsHandler', 'error.kind': 'null', 'error.message': 'null', 'error.stack': 'null' }]],
    ['an exception that is a text', 'error', ['no funds', undefined, 'ExceptionsHandler'], [{ level: 'ERROR', logger: 'ExceptionsHandler', 'error.kind': 'string', 'error.message': 'no funds', 'error.stack': 'no funds', }]],
    ['an exception that is an object', 'error', [{ error: 'no funds' }, 'RpcExceptionsHandler'], [expect.objectContaining({ 'error.kind': 'Object', 'error.message': '{"error":"no funds"}' })] as Records],
  ])('reads the arguments of a call as Nest does: %s', (_, method, args, records) => {
    call(method, args);
    expect(written()).toEqual(records);
  });

  it('does not call a function whose level is disabled', () => {
    logs.restore();
    logs = captureLogs('info');
    const message = jest.fn();
    call('verbose', [message]);
    expect(message).not.toHaveBeenCalled();
  });

  it('receives the calls of Nest’s Logger with its context', () => {
    const previous = (Logger as unknown as { staticInstanceRef: false }).staticInstanceRef;
    Logger.overrideLogger(nestLogger());
    new Logger('Members').error('x');
    new Logger('Members').error('x', failure);
    new Logger().error('x');
    Logger.overrideLogger(previous);
    expect(written()).toEqual([
      { level: 'ERROR', logger: 'Members', message: 'x' },
      { level: 'ERROR', logger: 'Members', message: 'x', ...thrown },
      { level: 'ERROR', logger: 'nest', message: 'x' },
    ]);
  });

  it('writes startup messages of Nest at DEBUG, and its warnings at WARNING', () => {
    call('log', ['mapped', 'RoutesResolver']);
    call('warn', ['deprecated', 'RoutesResolver']);
    expect(logs.records.map(({ level }) => level)).toEqual(['DEBUG', 'WARNING']);
  });

  it('writes the thrown value of a failed start, unless runService logs it', () => {
    call('error', ['no database', undefined, 'ExceptionHandler']);
    startupFailure.isLoggedByRunService = true;
    call('error', [new Error('no database'), undefined, 'ExceptionHandler']);
    startupFailure.isLoggedByRunService = false;
    expect(logs.records).toEqual([expect.objectContaining({ level: 'CRITICAL', 'error.message': 'no database' })]);
  });
});
