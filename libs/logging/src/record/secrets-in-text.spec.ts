import { getLogger } from '../logger.js';
import { configureLogging } from '../output/log-output.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { errorMessage } from './value-text.js';

const CANARY = 'canary1';
const JWT = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"sub":"canary"}').toString('base64url')}.${CANARY}`;
const TEXTS = [
  `refused: Authorization: Bearer ${CANARY}`,
  `refused: authorization=Basic ${Buffer.from(`a:${CANARY}`).toString('base64')}`,
  `the session ${JWT} is over`,
  `GET /x?api_key=${CANARY}&token=${CANARY}&X-Amz-Signature=${CANARY}`,
  `password=${CANARY} host=db`,
  `cannot reach postgres://alice:can/ary/${CANARY}@db/app`,
  `answered {"password":"${CANARY}"} and ${JSON.stringify(JSON.stringify({ api_key: CANARY }))}`,
];
const SECRETS = [CANARY, 'can/ary', JWT.split('.')[1]!, Buffer.from(`a:${CANARY}`).toString('base64')];

describe('a secret inside a text', () => {
  let logs: CapturedLogs;
  const logger = getLogger('spec');
  beforeEach(() => {
    configureLogging({ service: 'spec' });
    logs = captureLogs();
  });
  afterEach(() => {
    logs.restore();
    configureLogging({});
  });
  const leaked = (): string[] => SECRETS.filter((secret) => logs.lines.join('\n').includes(secret));

  it.each(TEXTS.map((text) => [text]))('a secret in a text is redacted at every position of a record: %s', (text) => {
    class HttpError extends Error {
      constructor(
        message: string,
        readonly response: unknown,
      ) {
        super(message);
        this.name = `HttpError ${text}`;
      }
    }
    const cause = new AggregateError([new Error(text), new Error('other')], '');
    const error = Object.assign(new HttpError(text, { text }), {
      cause,
      code: text,
      detail: text,
      where: text,
      internalQuery: text,
    });
    logger.child({ text }).info('happened', { list: [text, [text]], deep: { text, set: new Set([text]) } });
    logger.info('happened', { map: new Map([[text, text]]), [text]: 1, symbol: Symbol(text), boxed: Object(text) as unknown });
    logger.exception('failed', error, { error, errors: [error] });
    logger.exception('failed', text);
    logger.info('happened', { reason: errorMessage(error), method: { toJSON: () => text } });
    expect(logs.lines).toHaveLength(5);
    expect(leaked()).toEqual([]);
    for (const line of logs.lines) expect(line).toContain('[redacted]');
  });

  it.each([
    [{ name: 'Authorization', value: CANARY }],
    [{ Key: 'x-api-key', Value: CANARY }],
    [{ headers_sent: [['cookie', CANARY], ['host', 'db']] }], // prettier-ignore
    [{ sent: ['Host', 'db', 'Authorization', CANARY] }],
    [{ pairs: [{ header: 'X-Api-Key', value: CANARY }] }],
    [{ failed: [{ property: 'password', value: CANARY }] }],
    [{ entries: new Map([['auth', CANARY]]) }],
    [Object.fromEntries(['auth', 'pass', 'pw', 'signature', 'csrf', 'dsn'].map((key) => [key, CANARY]))],
  ])('a value next to the name of a secret is redacted: %j', (fields) => {
    logger.info('happened', fields);
    expect(leaked()).toEqual([]);
    expect(logs.lines[0]).toContain('[redacted]');
  });

  it('no part of a secret remains if a text is cut inside the secret', () => {
    for (let length = 2_020; length < 2_060; length++) {
      const filler = 'x'.repeat(length);
      logger.info('happened', { url: `${filler} postgres://alice:${CANARY}@db/app`, pair: `${filler} password=${CANARY}` });
      logger.exception('failed', new Error(`${filler.slice(30)} Bearer ${CANARY}${CANARY}`));
    }
    for (let length = 8_100; length < 8_200; length += 5) {
      logger.exception('failed', Object.assign(new Error('no'), { stack: `Error: no ${'x'.repeat(length)} token=${CANARY}` }));
    }
    expect(logs.lines.join('\n')).not.toMatch(/alice:c|password=c|Bearer c|token=c/);
  });

  it('a cut text ends with … even if redaction made it shorter than the limit', () => {
    logger.info('happened', { text: `password='${'x'.repeat(7_000)}' and more` });
    expect(logs.one('happened')['text']).toBe("password='[redacted]…");
  });

  it('keys of an object that differ only in a secret stay distinct after redaction', () => {
    logger.info('happened', { by: { 'postgres://a:canary1@db': 1, 'postgres://a:canary2@db': 2 } });
    expect(Object.values(logs.one('happened')['by'] as object)).toEqual([1, 2]);
    expect(logs.lines[0]).not.toContain('canary');
  });

  it('fields without secrets are not changed', () => {
    const fields = {
      author: 'alice',
      passed: 3,
      token_count: 12,
      idempotency_key: 'abc',
      compass: 'north',
      name: 'password policy',
      value: 'strict',
      changed: ['password', 'email'],
      at: 'signInvitation (file:///app/invitation-token.ts:30:12)',
      hint: 'DATABASE_URL has a value that is not accepted: it must be postgres://user:password@host:port/database',
    };
    logger.info('happened', fields);
    expect(logs.one('happened')).toMatchObject(fields);
  });
});
