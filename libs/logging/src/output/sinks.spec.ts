import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { FileSink } from './file.sink.js';
import { StdoutSink } from './stdout.sink.js';

const fault = (code: string): Error => Object.assign(new Error(code), { code });

describe('StdoutSink', () => {
  const sink = (write: (bytes: Buffer) => number, onDropped = (_count: number): void => undefined) =>
    new StdoutSink((line) => line, onDropped, write);

  it('writes the lines of one turn of the event loop together', async () => {
    const writes: string[] = [];
    const stdout = sink((bytes) => writes.push(String(bytes)) && bytes.length);
    stdout.write('a');
    stdout.write('b');
    expect(writes).toEqual([]);
    await turn();
    expect(writes).toEqual(['a\nb\n']);
  });

  it.each([1_000, 50_000, 200_000, 300_000])('writes a line of %d three-byte characters completely', (length) => {
    const parts: Buffer[] = [];
    const stdout = sink((bytes) => parts.push(Buffer.from(bytes)) && bytes.length);
    for (let round = 0; round < 2; round++) {
      stdout.write('€'.repeat(length));
      stdout.flush();
    }
    expect(String(Buffer.concat(parts)) === `${'€'.repeat(length)}\n`.repeat(2)).toBe(true);
  });

  it('loses and reorders no line if the pipe accepts only a part, or is full for a while', async () => {
    let written = '';
    let calls = 0;
    const stdout = sink((bytes) => {
      if (calls++ % 3 === 1) throw fault('EAGAIN');
      written += String(bytes.subarray(0, 3));
      return Math.min(3, bytes.length);
    });
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    for (const line of lines) {
      stdout.write(line);
      if (line.endsWith('5')) await delay(10);
    }
    stdout.flush();
    expect(written).toBe(`${lines.join('\n')}\n`);
  });

  it('holds at most 8 MiB while the reader stalls, then reports the number of dropped lines', async () => {
    let open = false;
    let written = 0;
    const dropped: number[] = [];
    const stdout = sink((bytes) => {
      if (!open) throw fault('EAGAIN');
      written += bytes.length;
      return bytes.length;
    }, (count) => dropped.push(count)); // prettier-ignore
    for (let index = 0; index < 100; index++) stdout.write('x'.repeat(100_000));
    await turn();
    open = true;
    while (!dropped.length) await delay(2);
    expect(dropped[0]! * 100_001 + written).toBe(100 * 100_001);
    expect(written).toBeLessThan(8.5 * 1_024 * 1_024);
  });

  it('stops writing without an error after its reader has closed the pipe', async () => {
    let calls = 0;
    const stdout = sink(() => {
      calls++;
      throw fault('EPIPE');
    });
    stdout.write('a');
    await turn();
    stdout.write('b');
    stdout.flush();
    expect(calls).toBe(1);
  });

  it('flush gives up on a stalled reader after a timeout', () => {
    const stdout = sink(() => {
      throw fault('EAGAIN');
    });
    stdout.write('a');
    const start = performance.now();
    stdout.flush();
    expect(performance.now() - start).toBeLessThan(60_000); // without the timeout it would never end
  });
});

describe('FileSink', () => {
  let folder: string;
  let failures: unknown[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pikaia-log-'));
    failures = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = (path: string, maxBytes?: number): FileSink =>
    new FileSink({ path, ...(maxBytes && { maxBytes }) }, (error) => failures.push(error));

  it('creates its folder, appends to the file, and makes it readable only for its owner', () => {
    const path = join(folder, 'var/log/api.jsonl');
    for (const line of ['a', 'b']) {
      const file = open(path);
      file.write(line);
      file.flush();
      file.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('a\nb\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('rotates the file, so that both files together stay below twice the maximum size', () => {
    const path = join(folder, 'api.jsonl');
    const file = open(path, 100);
    for (let index = 0; index < 50; index++) {
      file.write(`line ${index} ${'x'.repeat(20)}`);
      file.flush();
    }
    file.close();
    expect(statSync(path).size).toBeLessThanOrEqual(100);
    expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(100);
    expect(readFileSync(path, 'utf8')).toContain('line 49 ');
    expect(failures).toEqual([]);
  });

  it.each<[string, (folder: string) => string]>([
    ['a full disk', (place) => (symlinkSync('/dev/full', join(place, 'full')), join(place, 'full'))],
    ['a folder that cannot be created', (place) => (writeFileSync(join(place, 'file'), ''), join(place, 'file/api.jsonl'))],
  ])('does not throw for %s, reports it once and pauses before the next attempt', (_what, make) => {
    if (!existsSync('/dev/full')) return;
    const file = open(make(folder));
    for (let index = 0; index < 10; index++) {
      file.write('a');
      expect(() => file.flush()).not.toThrow();
    }
    expect(failures).toHaveLength(1);
    file.close();
  });
});
