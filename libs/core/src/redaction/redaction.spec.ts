import fc from 'fast-check';
import { isSecretKey, redactText, redactValue } from '../index.js';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl-canary';
const BASIC = Buffer.from('alice:canary').toString('base64');

describe('isSecretKey', () => {
  it.each(
    'password password2 Password PASSWORD userPassword db.password PGPASSWORD sslpassword passwd passphrase pwd pw pass auth Authorization signature X-Amz-Signature csrf XSRF-TOKEN x-csrf-token dsn SENTRY_DSN apiKey API-Key x-api-key api_keys apikey access_key accessKeyId AWS_SECRET_ACCESS_KEY private_key clientSecret client-secret set-cookie Cookie sessionToken session_id sessionid jwt otp cvc creds credentials tokens refreshToken accesstoken id_token sig body rawHeaders request_body headers'.split(' '), // prettier-ignore
  )('returns true for %s', (key) => {
    expect(isSecretKey(key)).toBe(true);
  });

  it.each(
    'author authority authenticated authentication passed passport compass bypass tokenizer tokenized keyboard key keys public_key idempotency_key partitionKey correlation_id session session_started secretary signature_algorithm token_count tokenCount tokens_used max_tokens prompt_tokens token_type password_changed_at has_password cookie_name auth_method auth.provider dsnode significant somebody bodies design signal trace_id event.id pwned opted code number'.split(' '), // prettier-ignore
  )('returns false for %s', (key) => {
    expect(isSecretKey(key)).toBe(false);
  });

  it('checks only the end of a name that is one megabyte long', () => {
    expect(isSecretKey(`${'x'.repeat(1_000_000)}_password`)).toBe(true);
    expect(isSecretKey('-'.repeat(1_000_000))).toBe(false);
  });
});

describe('redactText', () => {
  it.each([
    ['postgres://alice:canary@db.example.com:5432/app', 'postgres://alice:[redacted]@db.example.com:5432/app'],
    ['postgres://alice:can/ary@db/app', 'postgres://alice:[redacted]@db/app'],
    ['postgres://alice:c@n/a?r#y:canary@db:5432/app failed', 'postgres://alice:[redacted]@db:5432/app failed'],
    ['https://alice:can/ary@example.com/x', 'https://alice:[redacted]@example.com/x'],
    ['https://alice:canary@example.com/@scope/x', 'https://alice:[redacted]@example.com/@scope/x'],
    ['redis://:canary@cache', 'redis://:[redacted]@cache'],
    ['postgres://a:canary@h1/x,postgres://b:canary@h2/x', 'postgres://a:[redacted]@h1/x,postgres://b:[redacted]@h2/x'],
    ["connect('postgres://a:canary@h/x', 'bob@example.com')", "connect('postgres://a:[redacted]@h/x', 'bob@example.com')"],
    ['https://0123456789abcdefcanary0123@sentry.example.com/1', 'https://[redacted]@sentry.example.com/1'],
    ['password=canary host=db user=alice', 'password=[redacted] host=db user=alice'],
    ["host=db password='a b\\'canary' user=alice", "host=db password='[redacted]' user=alice"],
    ['password=ca,n;a&r)y-canary host=db', 'password=[redacted] host=db'],
    ['PGPASSWORD=canary psql', 'PGPASSWORD=[redacted] psql'],
    ['Server=db;Password=canary;Database=app', 'Server=db;Password=[redacted];Database=app'],
    ['psql --password canary1 -h db', 'psql --password [redacted] -h db'],
    ['psql --password="canary 1" -h db', 'psql --password="[redacted]" -h db'],
    ['GET /x?api_key=canary&page=2', 'GET /x?api_key=[redacted]&page=2'],
    [
      'https://s3.example.com/o?X-Amz-Signature=canary&X-Amz-Date=1',
      'https://s3.example.com/o?X-Amz-Signature=[redacted]&X-Amz-Date=1',
    ],
    ['/x?%70%61%73%73=canary&a=1', '/x?%70%61%73%73=[redacted]&a=1'],
    ['/x?api%5Fkey=canary&user%5Bpassword%5D=canary&b=1', '/x?api%5Fkey=[redacted]&user%5Bpassword%5D=[redacted]&b=1'],
    ['/login?next=%2Fcb%3Ftoken%3Dcanary%26b%3D1', '/login?next=%2Fcb%3Ftoken%3D[redacted]%26b%3D1'],
    ['{"password":"can\\"ary","a":1}', '{"password":"[redacted]","a":1}'],
    ['{"otp": 123456, "a": 1}', '{"otp": [redacted], "a": 1}'],
    ['{"auth":{"user":"canary"},"a":1}', '{"auth":[redacted],"a":1}'],
    ['"{\\"password\\":\\"can\\\\\\"ary\\",\\"a\\":1}"', '"{\\"password\\":\\"[redacted]\\",\\"a\\":1}"'],
    ["{ name: 'Authorization', value: 'canary', a: 1 }", "{ name: 'Authorization', value: '[redacted]', a: 1 }"],
    ['[{"key":"x-api-key","value":"canary"}]', '[{"key":"x-api-key","value":"[redacted]"}]'],
    ["Map(1) { 'password' => 'canary' }", "Map(1) { 'password' => '[redacted]' }"],
    ['refused: Authorization: Bearer canary', 'refused: Authorization: Bearer [redacted]'],
    ['authorization=Basic canary&b=1', 'authorization=Basic [redacted]&b=1'],
    ['Proxy-Authorization: Digest username="a", response="canary"\nHost: db', 'Proxy-Authorization: [redacted]\nHost: db'],
    ['Cookie: sid=canary; theme=canary', 'Cookie: [redacted]'],
    ['Set-Cookie: sid=canary; Path=/; HttpOnly\r\nHost: db', 'Set-Cookie: [redacted]\r\nHost: db'],
    ['X-Api-Key: canary', 'X-Api-Key: [redacted]'],
    ["['authorization', 'Bearer canary-1']", "['authorization', 'Bearer [redacted]']"],
    ['sent Bearer canary.1, refused', 'sent Bearer [redacted], refused'],
    ['sent BEARER Canary123', 'sent BEARER [redacted]'],
    [`sent Basic ${BASIC}`, 'sent Basic [redacted]'],
    [`the session ${JWT} is over.`, 'the session [redacted] is over.'],
    ['-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----\nend', '[redacted]\nend'],
    ['stripe sk_live_canary0123456789ab refused', 'stripe [redacted] refused'],
    ['GET http://auth:8080/keys?token=canary', 'GET http://auth:8080/keys?token=[redacted]'],
    ['http://token:12345canary/', 'http://token:[redacted]'],
    ['dsn: x-canary', 'dsn: [redacted]'],
    ['password=***canary', 'password=[redacted]'],
    ['password=[redacted]canary', 'password=[redacted]'],
    ['a=1 password="canary', 'a=1 password="[redacted]'],
    ['see postgres://alice:canary', 'see postgres://alice:[redacted]'],
  ])('redacts the secret in %s', (text, shown) => {
    expect(redactText(text)).toBe(shown);
  });

  it.each([
    'postgres://user:password@host:port/database',
    'postgres://alice@db.example.com/app?application_name=bob@x',
    'https://registry.example.com/@scope/package',
    'http://localhost:3000/users/alice@example.com',
    'http://[::1]:3000/users/alice@example.com',
    'at read (file:///app/node_modules/@pikaia/core/dist/session-token.js:12:30)',
    'at signInvitation (/app/invitation-token.ts:30:12)',
    'Error: connect ECONNREFUSED 127.0.0.1:5432',
    'auth:3000 and token-service:8080 are up',
    'GET http://auth:8080/keys failed: connect https://secrets:8200',
    'JsonWebTokenError: invalid signature',
    'TokenExpiredError: jwt expired',
    'InvalidToken: The security token included in the request is invalid',
    'Unexpected token: expected a string',
    "Unexpected token ':' at 12",
    'password: must be longer than or equal to 8 characters',
    'secret: is required',
    'token: null, token=undefined',
    'signature: verification failed',
    'The secret arn:aws:secretsmanager:eu-central-1:123456789012:secret:pikaia/api-AbCdEf cannot be used: it has no text.',
    'password: property password should not exist; token: property token should not exist',
    'author=alice passed=12 tokens_used=40 token_count=3 idempotency_key=abc',
    'Bearer token missing; use Bearer authentication',
    'Basic auth and Basic authentication',
    'the bearer presents it',
    'WWW-Authenticate: Bearer realm="api", error="invalid_token"',
    'curl -H "Authorization: Bearer $TOKEN" --token <token>',
    'give --token and --url',
    'password authentication failed for user "alice"',
    'eyJ is how each begins',
    '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----',
    'token === undefined, token => token.id',
    'password=[redacted] host=db',
    '2026-11-25T02:00:09.631Z 772e0663-e959-486a-999f-bea15702e268',
    '',
  ])('does not change a text without a secret: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });

  it('is idempotent and keeps the text around a secret', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9!*+/@#?:.~^-]{6,20}$/).map((text) => `cana${text}ry0`);
    const form = fc.constantFrom<(text: string) => string>(
      (text) => `password='${text}'`,
      (text) => `{"api_key":"${text}"}`,
      (text) => JSON.stringify(JSON.stringify({ token: text })),
      (text) => `postgres://alice:${text}@db.example.com/app`,
      (text) => `password=${text}`,
      (text) => `?token=${encodeURIComponent(text)}`,
    );
    fc.assert(
      fc.property(secret, form, fc.lorem(), (text, write, around) => {
        const written = write(text);
        const once = redactText(`${around} ${written} ${around}`);
        expect(once).not.toContain(text);
        expect(once).not.toContain(encodeURIComponent(text));
        expect(once.startsWith(`${around} `) && once.endsWith(` ${around}`)).toBe(true);
        expect(redactText(once)).toBe(once);
      }),
      { seed: 6, numRuns: 500 },
    );
  });

  it('returns a string and does not throw for any text', () => {
    const part = fc.constantFrom('password', 'token', '=', ':', '://', '@', '"', "'", '\\', '\\"', '[', '{', ' ', '\n', ',', ';', '&', 'Bearer ', 'Basic ', 'Cookie', 'Authorization', 'name', 'value', 'a', '1', '%3D', '%26', '--', 'eyJ', '.', '<', '…', '***', '-----BEGIN PRIVATE KEY', '\ud800'); // prettier-ignore
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const once = redactText(parts.join(''));
        expect(typeof once).toBe('string');
      }),
      { seed: 6, numRuns: 2_000 },
    );
  });

  it.each(
    ['a', '=', '&', '@', '://', 'Bearer ', 'Basic ', '"', '\\', 'a=', 'x:', '://a:', '://a@', ' ://u:p@h', 'password=', "password='", 'password=a;', 'password=,a', '\\"password\\":\\"', 'token:[', 'token:\\\\"', 'eyJ', '%3D', '--password ', 'Cookie: a=b; ', 'name:token ', '-----BEGIN PRIVATE KEY', '{['].map((unit) => [unit]), // prettier-ignore
  )('takes linear time for a text that repeats %j', (unit) => {
    const part = unit.repeat(15_000 / unit.length);
    const whole = part.repeat(10);
    const inParts = cpuOf(() => Array.from({ length: 10 }, () => redactText(part)));
    const atOnce = cpuOf(() => redactText(whole));
    expect(atOnce / Math.max(inParts, 2_000)).toBeLessThan(6); // 10 would be quadratic time
  });
});

const repeat = (key: string): void => {
  for (let count = 0; count < 200_000; count++) isSecretKey(key);
};

/** The CPU time of `work` in microseconds. It is the minimum of five runs, so that other load on the machine matters little. */
function cpuOf(work: () => unknown): number {
  const runs = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    work();
    return process.cpuUsage(before).user;
  });
  return Math.min(...runs);
}

describe('redactValue', () => {
  it('redacts secrets in texts, values of secret names and name-value pairs, and does not change the original', () => {
    const at = new Date(0);
    const stored = {
      last_error: 'refused: Bearer canary-1',
      token: 'canary',
      data: { email: 'a@b.c', pass: 'canary', nothing: null, list: [['api_key', 'canary']], token_count: 3 },
      headers: [{ name: 'Cookie', value: 'canary' }],
      rest: [{ name: 'Authorization', value: 'canary' }, 'Authorization', 'canary'],
      at,
    };
    const shown = redactValue(stored);
    expect(JSON.stringify(shown)).not.toContain('canary');
    expect(shown).toMatchObject({
      data: { email: 'a@b.c', nothing: null, token_count: 3 },
      rest: [{ name: 'Authorization', value: '[redacted]' }, 'Authorization', '[redacted]'],
    });
    expect(shown.at).toBe(at);
    expect(stored.token).toBe('canary');
  });

  it('caches the names of code after it has seen thousands of names that a client chose', () => {
    const first = cpuOf(() => repeat('first.name'));
    redactValue(Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`chosen_${index}_token_x`, index])));
    const later = cpuOf(() => repeat('later.token.name'));
    expect(later / Math.max(first, 5_000)).toBeLessThan(10);
  });

  it('does not redact a list of field names', () => {
    const value = { changed: ['password', 'email'], allowed: ['authorization', 'content-type', 'cookie'] };
    expect(redactValue(value)).toEqual(value);
  });
});
