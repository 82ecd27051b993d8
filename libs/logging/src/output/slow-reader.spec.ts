import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pollUntil } from '../../../../test/support/until.js';
import { SlowPipe } from '../../../../test/support/slow.pipe.js';

// A service as an application has it: an HTTP server under runService, and three ways to print.
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

interface Life {
  readonly code: unknown;
  readonly stderr: string;
  readonly records: Record<string, unknown>[];
  /** From the signal to the end. */
  readonly stopMs: number;
}

/**
 * Runs the service with its standard output in a pipe that nobody reads until `ask` has had its answers, then sends SIGTERM
 * and reads 64 KiB at a time, with a sleep between. Fails for a line that is no JSON object.
 */
async function live(requests: number, linesOfEach: number, sleepMs: number, readFirst = false): Promise<Life> {
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
    const port = await new Promise((resolve) => child.on('message', (said) => typeof said === 'number' && resolve(said)));
    for (let left = requests; left > 0; left--) await fetch(`http://127.0.0.1:${String(port)}/${linesOfEach}`);
    const reading = pipe.readUntilEnd(sleepMs);
    if (readFirst) await pollUntil(() => pipe.tail.includes('log_lines_dropped'));
    const start = performance.now();
    child.kill('SIGTERM');
    const [code] = (await exited) as [unknown];
    const stopMs = performance.now() - start;
    await reading;
    const records = pipe.text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    expect(pipe.text.endsWith('\n')).toBe(true);
    return { code, stderr: await stderr, records, stopMs };
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
    pipe.remove();
  }
}

const eventsOf = ({ records }: Life) => records.map(({ event }) => event);
const numbersOf = ({ records }: Life): number[] =>
  records.flatMap(({ n, message }) => n ?? /n=(\d+)/.exec(String(message ?? ''))?.[1] ?? []).map(Number);
const droppedBy = ({ records }: Life): number =>
  records.filter(({ event }) => event === 'log_lines_dropped').reduce((sum, { count }) => sum + Number(count), 0);

describe('a service whose output is read slowly', () => {
  it('loses, breaks and reorders nothing that fits the time, whoever printed it, and its last line is the last', async () => {
    const life = await live(20, 30, 10); // half a megabyte, eight times what the pipe holds
    expect([life.code, life.stderr]).toEqual([0, '']);
    expect(numbersOf(life)).toEqual(Array.from({ length: 600 }, (_, index) => index));
    expect(eventsOf(life).filter((event) => event === 'request_completed')).toHaveLength(20);
    expect(eventsOf(life).slice(-3)).toEqual(['request_completed', 'process_stopping', 'process_stopped']);
    expect(droppedBy(life)).toBe(0);
  });

  it('says how many lines it dropped while nobody read, and goes on', async () => {
    const life = await live(18, 1_000, 0, true);
    expect([life.code, life.stderr]).toEqual([0, '']);
    expect(droppedBy(life)).toBeGreaterThan(0);
    expect(numbersOf(life).length + eventsOf(life).filter((event) => event === 'request_completed').length + droppedBy(life)).toBe(18_000 + 18); // prettier-ignore
    expect(eventsOf(life).at(-1)).toBe('process_stopped');
  });

  it('says how many lines it took with it where the time is too short, and breaks none', async () => {
    const life = await live(6, 1_000, 200);
    expect([life.code, life.stderr]).toEqual([0, '']);
    const whole = numbersOf(life);
    expect(whole).toEqual(Array.from(whole, (_, index) => index)); // no gap before the end
    expect(eventsOf(life).at(-1)).toBe('log_lines_dropped');
    const arrived = life.records.length - 1;
    expect(arrived + droppedBy(life)).toBe(6_000 + 6 + 2); // lines, access lines, process_stopping and process_stopped
    expect(life.stopMs).toBeLessThan(6_000);
  });
});
