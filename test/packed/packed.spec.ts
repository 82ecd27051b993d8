import { waitFor } from '../support/time/wait-for.js';
import { Installation, type LogRecord } from './installation.js';

const SETUP_LIMIT_MS = 180_000; // the registry can be slow
const CORRELATION_ID = '01a21068-9b8c-7395-96b1-293c95188636';

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.create(['core', 'logging']);
}, SETUP_LIMIT_MS);
afterAll(() => installation?.remove());

const shortly = ({ level, logger, event, message }: LogRecord) => [level, logger, event, ...(message ? [message] : [])].join(' ');

describe.each([
  ['Fastify and ECMAScript modules', 'shop.mjs'],
  ['Express, CommonJS and buffered logs', 'shop.cjs'],
])('a new application with %s', (_, program) => {
  it('logs records with the context of their request after one module import', async () => {
    const shop = installation.run(program);
    const url = await shop.url();
    const answer = await fetch(`${url}/orders?secret=canary`, { headers: { 'x-correlation-id': CORRELATION_ID } });
    expect([answer.status, await answer.json()]).toEqual([200, { id: 7 }]);
    expect(answer.headers.get('x-correlation-id')).toBe(CORRELATION_ID);
    const missing = await fetch(`${url}/nowhere`, { headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect(missing.status).toBe(404);
    await waitFor('both access lines', () => shop.lines.filter(({ event }) => event === 'request_completed').length === 2);
    expect(shop.lines.map(shortly)).toEqual([
      'INFO application application_started',
      'INFO orders order_found',
      'INFO Shop nest_message said by Nest',
      'INFO http request_completed',
      'INFO http request_completed',
    ]);
    const about = { service: 'shop', env: 'development', 'network.client.ip': '127.0.0.1', 'http.method': 'GET' };
    const found = { ...about, trace_id: CORRELATION_ID, 'http.url_details.path': '/orders' };
    expect(shop.lines).toEqual([
      expect.objectContaining({ service: 'shop', env: 'development', log_level: 'info', log_format: 'json' }),
      expect.objectContaining({ ...found, order: 7 }),
      expect.objectContaining(found),
      expect.objectContaining({ ...found, 'http.status_code': 200, duration: expect.any(Number) }),
      expect.objectContaining({
        ...about,
        trace_id: missing.headers.get('x-correlation-id'),
        'http.url_details.path': '/nowhere',
        'http.status_code': 404,
      }),
    ]);
    expect(JSON.stringify(shop.lines)).not.toContain('canary');
  });

  it('logs every line of its start at DEBUG in the same format', async () => {
    const shop = installation.run(program, { LOG_LEVEL: 'debug', NODE_ENV: 'production', LOG_FORMAT: undefined });
    await shop.url();
    await waitFor('the last line', () => shop.lines.some(({ message }) => message === 'Nest application successfully started'));
    const messages = shop.lines.filter(({ event }) => event !== 'application_started');
    expect(messages[0]).toMatchObject({ service: 'shop', env: 'production', message: 'Starting Nest application...' });
    expect(new Set(messages.map(({ event }) => event))).toEqual(new Set(['nest_message']));
  });
});

it('an application that cannot start logs the reason', async () => {
  const shop = installation.run('failing-shop.mjs');
  expect(await shop.exited).toBe(1);
  expect(shop.lines).toEqual([
    expect.objectContaining({ level: 'CRITICAL', service: 'shop', 'error.message': 'the stock is closed' }),
  ]);
});

describe('the packed libraries', () => {
  it.each(['core', 'logging'])(
    'the package %s leaves the Nest version to the application, which then has one copy of it',
    (name) => {
      const { dependencies = {} } = installation.manifest(`@pikaia/${name}`);
      expect(Object.keys(dependencies).filter((other) => /^(@nestjs\/|nestjs-cls$|class-|rxjs$|reflect-)/.test(other))).toEqual(
        [],
      );
      expect(installation.files('@pikaia/*/node_modules/@nestjs/*')).toEqual([]);
    },
  );

  it(
    'contain types, including those of the options',
    async () => {
      const code = `
      import { getLogger, LoggingModule, type LoggingModuleOptions } from '@pikaia/logging';
      import { captureLogs } from '@pikaia/logging/testing';
      const options: LoggingModuleOptions = { level: 'debug', format: 'json', service: 'shop', trustedProxies: 1, accessLog: false };
      LoggingModule.forRoot(options);
      LoggingModule.forRoot();
      captureLogs().restore();
      getLogger('orders').info('order_found');`;
      const problems = await installation.compile('typed.mts', `${code}\nLoggingModule.forRoot({ level: 'loud' });`);
      expect(problems).toEqual([expect.stringMatching(/^typed\.mts\(9,25\): error TS2322/)]); // only the deliberate error
    },
    SETUP_LIMIT_MS,
  );

  it('contain the compiled code and its types, and no sources, specs or source maps', () => {
    const files = installation.files('@pikaia/*/**/*.*');
    expect(files).toEqual(expect.arrayContaining(['node_modules/@pikaia/logging/dist/testing/index.d.ts']));
    expect(files.filter((name) => !/\/(dist\/.*\.(js|d\.ts)|package\.json|LICENSE|(README|CHANGELOG)\.md)$/.test(name))).toEqual(
      [],
    );
    expect(files.filter((name) => name.includes('.spec.'))).toEqual([]);
  });
});
