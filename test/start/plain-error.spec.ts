import { describeError, PlainError, reasonOf } from '../../scripts/start/plain-error.ts';

const withFields = (message: string, fields: object) => Object.assign(new Error(message), fields);
const refused = new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED 127.0.0.1:1')]);
const fail = (): never => {
  throw new Error('no');
};

describe('describeError', () => {
  it.each<[string, unknown, string | RegExp]>([
    ['the message of a PlainError', new PlainError('Start the system first.'), 'Start the system first.'],
    ['message and code of a PikaiaError', withFields('no', { code: 'PIKAIA_X' }), 'no (PIKAIA_X)'],
    ['the reasons of a refused connection', refused, 'connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1'],
    [
      'the stack and the cause of another error',
      new Error('outer', { cause: { reason: 'no disk' } }),
      /^Error: outer\n {4}at [^]*Caused by: Object: \{"reason":"no disk"\}$/,
    ],
    ['the content of an object', { error: 'no disk', password: 'canary' }, 'Object: {"error":"no disk","password":"[redacted]"}'],
    ['null', null, 'null'],
    ['an error whose fields cannot be read', Object.defineProperty(new Error('odd'), 'code', { get: fail }), 'Error: odd'],
  ])('prints %s', async (_, error, text) => {
    expect(await describeError(error)).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  });

  it('names each reason of a failed fetch inside another message', async () => {
    expect(await reasonOf(refused)).toBe('connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1');
  });
});
