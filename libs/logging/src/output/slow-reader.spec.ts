import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { SlowPipe } from '../../../../test/support/logs/slow.pipe.js';

// A service like that of an application: an HTTP server under runService that prints in several ways.
const SERVICE = `
  import { createServer } from 'node:http';
  import { once } from 'node:events';
  import { enterContextAtRequest, parseTrustedProxies, systemClock } from '@pikaia/core';
  import { accessLog, getLogger, runService } from '@pikaia/logging';
  const logger = getLogger('spec');
  let n = 0;
  const prints = [
    () => logger.info('worked', { n: n++, text: 'é'.repeat(2_000) }),
    () => console.log('n=' + n++),
    () => process.stdout.write('n=' + n++ + '\\n'),
    () => { process.stdout.write('n='); process.stdout.write(n++ + '\\n'); },
    () => process.stderr.write('n=' + n++ + '\\n'),
    () => console.table('n=' + n++),
  ];
  const server = createServer((request, response) => {
    for (let lines = Number(request.url.slice(1)); lines > 0; lines--) prints[n % prints.length]();
    response.end();
  });
  enterContextAtRequest(server, parseTrustedProxies('0'), [accessLog(systemClock)]);
  await runService(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return { stop: async () => void server.close() };
  });
  process.send(server.address().port);`;

interface ServiceRun {
  readonly code: unknown;
  readonly stderr: string;
  readonly records: Record<string, unknown>[];
}

/**
 * Runs the service with its standard output connected to a pipe. Reading starts after all requests were answered: 64 KiB at a
 * time, with a sleep in between. Then sends SIGTERM. Fails if a line is not a JSON object.
 */
async function runSlowlyRead(requests: number, linesOfEach: number, sleepMs: number, readFirst = false): Promise<ServiceRun> {
  const pipe = new SlowPipe();
  const env = { PATH: process.env['PATH'], LOG_FORMAT: 'json' };
  const child = spawn(process.execPath, ['--input-type=module', '-e', SERVICE], {
    env,
    stdio: ['ignore', pipe.writeEnd, 'pipe', 'ipc'],
  });
  try {
    pipe.closeWriteEnd();
    const stderr = text(child.stderr!);
    const exited = once(child, 'exit');
    const port = await new Promise((resolve) =>
      child.on('message', (message) => typeof message === 'number' && resolve(message)),
    );
    for (let left = requests; left > 0; left--) await fetch(`http://127.0.0.1:${String(port)}/${linesOfEach}`);
    const reading = pipe.readUntilEnd(sleepMs);
    if (readFirst) await pollUntil(() => pipe.tail.includes('log_lines_dropped'));
    child.kill('SIGTERM');
    const [code] = (await exited) as [unknown];
    await reading;
    const records = pipe.text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    expect(pipe.text.endsWith('\n')).toBe(true);
    return { code, stderr: await stderr, records };
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
    pipe.remove();
  }
}

const eventsOf = ({ records }: ServiceRun) => records.map(({ event }) => event);
const numbersOf = ({ records }: ServiceRun): number[] =>
  records.flatMap(({ n, message }) => n ?? /n=(\d+)/.exec(String(message ?? ''))?.[1] ?? []).map(Number);
const droppedBy = ({ records }: ServiceRun): number =>
  records.filter(({ event }) => event === 'log_lines_dropped').reduce((sum, { count }) => sum + Number(count), 0);

describe('a service whose stdout is read slowly', () => {
  it('a slow reader gets all lines, whole and in order, and process_stopped is the last one', async () => {
    const result = await runSlowlyRead(20, 30, 10); // half a megabyte, eight times what the pipe holds
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(numbersOf(result)).toEqual(Array.from({ length: 600 }, (_, index) => index));
    expect(eventsOf(result).filter((event) => event === 'request_completed')).toHaveLength(20);
    expect(eventsOf(result).slice(-3)).toEqual(['request_completed', 'process_stopping', 'process_stopped']);
    expect(droppedBy(result)).toBe(0);
  });

  it('a service reports the number of lines that it dropped while its stdout was not read, and continues', async () => {
    const result = await runSlowlyRead(18, 1_000, 0, true);
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(droppedBy(result)).toBeGreaterThan(0);
    expect(numbersOf(result).length + eventsOf(result).filter((event) => event === 'request_completed').length + droppedBy(result)).toBe(18_000 + 18); // prettier-ignore
    expect(eventsOf(result).at(-1)).toBe('process_stopped');
  });

  it('a service whose reader is too slow at exit reports the number of dropped lines and truncates none', async () => {
    const result = await runSlowlyRead(6, 1_000, 200);
    expect([result.code, result.stderr]).toEqual([0, '']);
    const whole = numbersOf(result);
    expect(whole).toEqual(Array.from(whole, (_, index) => index)); // no gap before the end
    expect(eventsOf(result).at(-1)).toBe('log_lines_dropped');
    const arrived = result.records.length - 1;
    expect(arrived + droppedBy(result)).toBe(6_000 + 6 + 2); // lines, access lines, process_stopping and process_stopped
  });
});
