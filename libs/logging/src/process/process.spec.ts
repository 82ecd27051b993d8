import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program in a separate process against the built package. */
function run(program: string, environment: Record<string, string> = {}): Promise<Ended> {
  const source = `
    import { configureLogging, getLogger, handleProcessFaults, logStartupFailure, nestLogger } from '@pikaia/logging';
    import { context, loadSettings } from '@pikaia/core';
    import { LoggingSettings } from '@pikaia/logging';
    const logger = getLogger('spec');
    ${program}`;
  const { NO_COLOR: _no, FORCE_COLOR: _force, NODE_ENV: _env, LOG_LEVEL: _level, ...rest } = process.env;
  const env = { ...rest, LOG_FORMAT: 'json', ...environment };
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (bytes) => (ended.stdout += String(bytes)));
  child.stderr.on('data', (bytes) => (ended.stderr += String(bytes)));
  return new Promise((resolve, reject) =>
    child.on('error', reject).on('close', (code) => resolve({ ...ended, stdout: ended.stdout, stderr: ended.stderr, code })),
  );
}

/** Parses stdout. Fails if a line is not a JSON object. */
const recordsOf = ({ stdout, stderr }: Ended): Record<string, unknown>[] => {
  expect(stderr).toBe('');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

describe('a process', () => {
  it('a process with invalid settings prints one line that names each setting, and exits with code 1', async () => {
    const ended = await run(`
      try { loadSettings([LoggingSettings], { LOG_LEVEL: 'loud', LOG_FORMAT: 'xml' }); } catch (error) { logStartupFailure(error); }
      setInterval(() => {}, 1000);`);
    expect(ended.code).toBe(1);
    const records = recordsOf(ended);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ level: 'CRITICAL', event: 'startup_failed', 'error.kind': 'SettingsError' });
    expect(records[0]!['problems']).toEqual([
      expect.stringMatching(
        /^LOG_LEVEL is "loud": it must be one of the following values: debug, info, warning, error, critical/,
      ),
      expect.stringMatching(/^LOG_FORMAT is "xml": it must be one of the following values: json, pretty/),
    ]);
  });

  it('a process that cannot reach a dependency logs host and port but no password', async () => {
    const ended = await run(`
      import { Socket } from 'node:net';
      const error = await new Promise((resolve) => new Socket().on('error', resolve).connect(1, '127.0.0.1'));
      logStartupFailure(new Error('no database at postgres://api:canary@127.0.0.1:1/x', { cause: error }));`);
    expect(ended.code).toBe(1);
    expect(ended.stdout).not.toContain('canary');
    expect(recordsOf(ended)).toEqual([
      expect.objectContaining({
        event: 'startup_failed',
        'error.message': expect.stringContaining('127.0.0.1:1/x'),
        exc_info: expect.stringContaining('connect ECONNREFUSED 127.0.0.1:1'),
      }),
    ]);
  });

  it.each([
    [
      'an unknown dependency',
      `Reflect.defineMetadata('design:paramtypes', [Stock], Orders)`,
      true,
      /resolve dependencies of the Orders \(\?\)/,
    ],
    [
      'an unknown dependency',
      `Reflect.defineMetadata('design:paramtypes', [Stock], Orders)`,
      false,
      /resolve dependencies of the Orders \(\?\)/,
    ],
    [
      'a provider that throws',
      `Reflect.defineMetadata('design:paramtypes', [], Orders)`,
      true,
      /^no stock at amqp:\/\/shop:\[redacted\]@h$/,
    ],
  ])(
    'a process that cannot start because of %s logs the reason after all earlier messages, buffered or not',
    async (_, metadata, bufferLogs, message) => {
      const ended = await run(
        `
      import { Injectable, Module } from '@nestjs/common';
      import { NestFactory } from '@nestjs/core';
      import { LoggingModule, runService } from '@pikaia/logging';
      class Stock {}
      class Orders { constructor() { throw new Error('no stock at amqp://shop:canary@h'); } }
      class Shop {}
      ${metadata};
      Injectable()(Orders);
      Module({ imports: [LoggingModule.forRoot()], providers: [Orders] })(Shop);
      await runService(async () => {
        const app = await NestFactory.createApplicationContext(Shop, { abortOnError: false, bufferLogs: ${bufferLogs} });
        return { stop: () => app.close() };
      });`,
        { LOG_LEVEL: 'debug' },
      );
      expect(ended.code).toBe(1);
      expect(ended.stdout).not.toContain('canary');
      const records = recordsOf(ended);
      expect(records[0]).toMatchObject({ event: 'nest_message', message: 'Starting Nest application...' });
      expect(records.at(-1)).toMatchObject({
        level: 'CRITICAL',
        event: 'startup_failed',
        'error.message': expect.stringMatching(message),
      });
      expect(records.filter(({ level }) => level === 'CRITICAL')).toHaveLength(1);
    },
  );

  it.each([
    ['throw new Error("no")', 'uncaughtException'],
    ['Promise.reject(new Error("no"))', 'unhandledRejection'],
    ['Promise.reject({ error: "no funds" })', 'unhandledRejection', '{"error":"no funds"}'],
    ['Promise.reject()', 'unhandledRejection', 'undefined'],
    ['throw null', 'uncaughtException', 'null'],
  ])(
    'a process with `%s` logs process_crashed with its context, loses no line, and exits with code 1',
    async (fault, origin, message = 'no') => {
      const ended = await run(`
      handleProcessFaults();
      for (let index = 0; index < 2000; index++) logger.info('worked', { index, text: 'x'.repeat(500) });
      context.run({ organizationId: 'acme' }, () => setTimeout(() => { ${fault}; }, 1));
      setInterval(() => {}, 1000);`);
      expect(ended.code).toBe(1);
      const records = recordsOf(ended);
      expect(records).toHaveLength(2_001);
      expect(records.at(-1)).toMatchObject({
        level: 'CRITICAL',
        event: 'process_crashed',
        origin,
        'organization.id': 'acme',
        'error.message': message,
      });
    },
  );

  it('a process prints only records, including the output of Nest, Node and console', async () => {
    const ended = await run(`
      handleProcessFaults();
      nestLogger().log('100 %s', 'Members');
      nestLogger().error('broken', 'Error: broken\\n    at a (b.js:1:1)', 'ExceptionsHandler');
      console.log('hello %s', 'you');
      console.error(new Error('printed'), { password: 'hunter2' });
      console.error(Object.assign(new Error('100 %s'), { detail: 'Key (email)=(hunter2) exists.' }), 7);
      console.log();
      process.emitWarning('old', 'DeprecationWarning', 'DEP0');
      process.stderr.write('one\\ntwo\\n');
      process.stdout.write(Buffer.from('é').subarray(0, 1));
      process.stdout.write(Buffer.from('é').subarray(1), () => process.stdout.write('without an end', 'utf8'));`);
    expect(ended.code).toBe(0);
    expect(ended.stdout).not.toContain('hunter2');
    expect(recordsOf(ended)).toEqual([
      expect.objectContaining({ level: 'INFO', logger: 'Members', event: 'nest_message', message: '100 %s' }),
      expect.objectContaining({ level: 'ERROR', logger: 'ExceptionsHandler', event: 'nest_message', 'error.message': 'broken' }),
      expect.objectContaining({ level: 'INFO', event: 'console_message', message: 'hello you' }),
      expect.objectContaining({
        level: 'ERROR',
        event: 'console_message',
        message: expect.stringMatching(/^Error: printed\n.* {"password":"\[redacted\]"}$/s),
      }),
      expect.objectContaining({
        level: 'ERROR',
        event: 'console_message',
        message: expect.stringMatching(/^Error: 100 %s\n.* 7$/s),
      }),
      expect.objectContaining({ level: 'INFO', event: 'console_message', message: '' }),
      ...['one', 'two'].map((message) => expect.objectContaining({ level: 'WARNING', event: 'console_message', message })),
      expect.objectContaining({ level: 'WARNING', event: 'process_warning', 'error.kind': 'DeprecationWarning' }),
      expect.objectContaining({ level: 'INFO', event: 'console_message', message: 'éwithout an end' }),
    ]);
  });

  const CHANGE = 'log_level_changed';
  const STOP = ['process_stopping', 'process_stopped'];
  it.each([
    ['info', 'info', [CHANGE, 'a_debug', CHANGE, ...STOP]],
    ['error', 'error', [CHANGE, 'a_debug', CHANGE]],
    ['debug', 'info', ['a_debug', CHANGE, CHANGE, 'a_debug', ...STOP]],
  ])('a process with level %s switches between DEBUG and %s at SIGUSR2, and logs each switch', async (level, other, events) => {
    const ended = await run(
      `
      import { runService } from '@pikaia/logging';
      setInterval(() => {}, 1000);
      runService(async () => ({ stop: async () => undefined }));
      const toggled = () => new Promise((resolve) => (process.once('SIGUSR2', resolve), process.kill(process.pid, 'SIGUSR2')));
      logger.debug('a_debug');
      await toggled();
      logger.debug('a_debug');
      await toggled();
      logger.debug('a_debug');
      process.kill(process.pid, 'SIGTERM');`,
      { LOG_LEVEL: level },
    );
    expect(ended.code).toBe(0);
    const records = recordsOf(ended);
    expect(records.map(({ event }) => event)).toEqual(events);
    const on = { level: 'INFO', from: other, to: 'debug', trace_id: expect.any(String) };
    const off = { ...on, from: 'debug', to: other };
    expect(records.filter(({ event }) => event === CHANGE)).toMatchObject(level === 'debug' ? [off, on] : [on, off]);
  });

  it('a process with a log file writes its records as JSON with the service name, even if stdout is pretty', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pikaia-log-'));
    try {
      const path = join(folder, 'log/api.jsonl');
      const options = { format: 'pretty', level: 'debug', service: 'pikaia-api', version: '1.2.3', file: { path } };
      const { stdout } = await run(`configureLogging(${JSON.stringify(options)}); logger.debug('worked', { token: 'canary' });`);
      expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} DEBUG {4}spec worked token="\[redacted\]"\n$/);
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
        event: 'worked',
        service: 'pikaia-api',
        env: 'development',
        version: '1.2.3',
        token: '[redacted]',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('a process prints in the format of its environment before configureLogging is called', async () => {
    const print = async (environment: Record<string, string>): Promise<string> =>
      (await run(`logger.info('an_info'); logger.warning('a_warning');`, environment)).stdout;
    const [plain, production, colored] = await Promise.all([
      print({ LOG_FORMAT: '', LOG_LEVEL: 'WARNING' }),
      print({ LOG_FORMAT: '', NODE_ENV: 'production' }),
      print({ LOG_FORMAT: 'pretty', FORCE_COLOR: '1' }),
    ]);
    expect(plain).toMatch(/^\d\d:\d\d:\d\d\.\d+ WARNING  spec a_warning\n$/);
    expect(production).toMatch(/^\{.*an_info.*\}\n\{.*a_warning.*\}\n$/);
    expect(colored?.startsWith('\u001b[')).toBe(true);
  });
});
