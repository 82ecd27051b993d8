import { type ArgumentsHost, BadRequestException } from '@nestjs/common';
import { context, PikaiaError } from '@pikaia/core';
import { captureLogs } from '@pikaia/logging/testing';
import { Problem } from './problem.js';
import { ProblemFilter, problemBody, toProblem } from './problem.filter.js';

const withCode = (code: string, fields: object = {}) => Object.assign(new Error(`${code} at 10.0.0.1`), { code, ...fields });
const inDoubt = new PikaiaError('PIKAIA_TRANSACTION_IN_DOUBT', 'no', { cause: withCode('ECONNRESET') });

const withMessage = (message: string, code: string) => Object.assign(new Error(message), { code });

describe('toProblem', () => {
  it.each([
    ['a Problem', Problem.notFound('No member with this id exists.'), 404, 'not-found'],
    ['an HTTP exception of Nest', new BadRequestException('no'), 400, 'bad-request'],
    ['an error of Fastify', Object.assign(new Error('too large'), { statusCode: 413 }), 413, 'payload-too-large'],
    ['a cursor of another list', new PikaiaError('PIKAIA_CURSOR_INVALID', 'no'), 422, 'invalid'],
    ['a change token of another key', new PikaiaError('PIKAIA_CHANGE_TOKEN_INVALID', 'no'), 422, 'invalid'],
    ['a change whose event failed', new PikaiaError('PIKAIA_CHANGE_FAILED', 'no'), 409, 'conflict'],
    ['a change that a consumer has not seen', new PikaiaError('PIKAIA_WAIT_TIMEOUT', 'no'), 503, 'change-unseen'],
    ['an unreachable database', withCode('ECONNREFUSED'), 503, 'unavailable'],
    ['a client that disconnected within its body', withMessage('aborted', 'ECONNRESET'), 400, 'bad-request'],
    ['a login that the database refuses', withCode('28P01', { severity: 'FATAL' }), 503, 'unavailable'],
    ['a deadlock', withCode('40P01', { severity: 'ERROR' }), 503, 'unavailable'],
    ['a COMMIT without a response', inDoubt, 503, 'outcome-unknown'],
    ['a COMMIT without a response, as a cause', new Error('outer', { cause: inDoubt }), 503, 'outcome-unknown'],
    ['a missing database privilege', withCode('42501', { severity: 'ERROR' }), 500, 'internal'],
    ['a violation of a unique constraint', withCode('23505', { constraint: 'organizations_user_email' }), 409, 'conflict'],
    ['another error of the database', withCode('22P02'), 500, 'internal'],
    ['a programming error', new TypeError('x is not a function'), 500, 'internal'],
    ['another error of the libraries', new PikaiaError('PIKAIA_EVENT_INVALID', 'secret'), 500, 'internal'],
    ['an error whose status is not an error status', Object.assign(new Error('odd'), { statusCode: 200 }), 500, 'internal'],
    ['null', null, 500, 'internal'],
    ['a string', 'secret', 500, 'internal'],
    ['an object without a message', { statusCode: 402, reason: 'secret' }, 402, 'payment-required'],
    ['an object whose getters throw', { get code() { throw new Error('secret'); } }, 500, 'internal'], // prettier-ignore
  ])('maps to the expected status and type: %s', (_, error, status, kind) => {
    expect(toProblem(error)).toMatchObject({ status, kind });
  });

  it('sets Retry-After only if nothing was changed', () => {
    expect(toProblem(withCode('28P01')).headers).toEqual({ 'retry-after': '2' });
    expect(toProblem(inDoubt).headers).toEqual({});
    expect(toProblem(inDoubt).detail).toMatch(/^The database did not confirm this change/);
  });

  it('omits internal details from the response body', () => {
    for (const error of [
      withCode('ECONNREFUSED'),
      withCode('23505', { constraint: 'secret' }),
      new Error('secret'),
      withCode('22P02'),
      { statusCode: 402, reason: 'secret' },
      new Proxy({}, { get: () => { throw new Error('secret'); } }), // prettier-ignore
    ]) {
      expect(problemBody(toProblem(error))).not.toMatch(/secret|10\.0\.0\.1|22P02|23505/);
    }
  });

  it('includes the correlation id and the field errors in the response body', () => {
    const problem = Problem.invalid([{ field: 'email', message: 'email must be an email address' }]);
    const body = context.run({ correlationId: '5f0c6d1e-9d4b-4c1a-8f53-2a1b3c4d5e6f' }, () => problemBody(problem));
    expect(JSON.parse(body)).toEqual({
      type: 'urn:pikaia:problem:invalid',
      title: 'The request is not valid',
      status: 422,
      detail: 'email must be an email address',
      errors: [{ field: 'email', message: 'email must be an email address' }],
      correlation_id: '5f0c6d1e-9d4b-4c1a-8f53-2a1b3c4d5e6f',
    });
  });
});

describe('ProblemFilter', () => {
  it.each<[string, unknown, string, string]>([
    ['null', null, 'null', 'null'],
    ['undefined', undefined, 'undefined', 'undefined'],
    ['a text', 'no funds', 'string', 'no funds'],
    ['an object', { error: 'no funds' }, 'Object', '{"error":"no funds"}'],
    ['an object whose getters throw', { get code() { throw new Error('no'); } }, 'Object', '{"code":"[unreadable]"}'], // prettier-ignore
  ])('answers 500 and logs the content of a thrown value that is not an error: %s', (_, thrown, kind, message) => {
    using logs = captureLogs();
    const sent: unknown[] = [];
    const reply = {
      sent: false,
      code: (status: number) => (sent.push(status), reply),
      headers: () => reply,
      type: () => reply,
      send: () => reply,
    };
    new ProblemFilter().catch(thrown, { switchToHttp: () => ({ getResponse: () => reply }) } as unknown as ArgumentsHost);
    expect(sent).toEqual([500]);
    logs.one('unhandled_error', { level: 'ERROR', 'error.kind': kind, 'error.message': message });
  });
});
