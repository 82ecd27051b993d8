import { MAX_PAGE_BYTES } from '@pikaia/core';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export type LogLine = Readonly<Record<string, unknown>>;

const MAX_LINES = 2_000; // a caller can reuse one correlation id indefinitely

interface FoundLines {
  readonly lines: readonly LogLine[];
  /** True if the files have more lines of the correlation id. */
  readonly truncated: boolean;
}

/**
 * Reads the log lines of one correlation id from the log files of api and worker. The files exist only in development; in
 * production the logs are in CloudWatch, and the result is empty. Lines that are not JSON, such as one cut by a kill, are skipped.
 * Returns at most 2,000 lines and 1 MiB of the lines that are visible, by time. If there are more, the processes share the limit:
 * each has its first lines.
 */
export async function findLogLines(
  directory: string,
  correlationId: string,
  isVisible: (line: LogLine) => boolean = () => true,
): Promise<FoundLines> {
  const files = (await unlessMissing(readdir(directory), [])).filter((file) => file.includes('.jsonl'));
  const processes = Map.groupBy(files.sort().reverse(), (file) => file.split('.jsonl', 1)[0]); // api.jsonl.1 is older than api.jsonl
  const readers = [...processes.values()].map((names) => readLines(directory, names, correlationId, isVisible));
  const lines: LogLine[] = [];
  let bytes = 0;
  let truncated = false;
  while (readers.length && !truncated) {
    const reader = readers.shift()!;
    const { value, done } = await reader.next();
    if (done) continue;
    readers.push(reader);
    bytes += value.bytes;
    truncated = lines.length >= MAX_LINES || bytes > MAX_PAGE_BYTES;
    if (!truncated) lines.push(value.line);
  }
  await Promise.all(readers.map((reader) => reader.return(undefined))); // closes their files
  return { lines: lines.sort((a, b) => timeOf(a) - timeOf(b)), truncated };
}

async function* readLines(
  directory: string,
  files: readonly string[],
  correlationId: string,
  isVisible: (line: LogLine) => boolean,
): AsyncGenerator<{ line: LogLine; bytes: number }, void, void> {
  for (const file of files) {
    const handle = await unlessMissing(open(join(directory, file)), undefined); // rotation may have removed the file
    try {
      for await (const text of handle?.readLines() ?? []) {
        if (!text.includes(correlationId)) continue;
        const line = parseLine(text);
        if (line?.['trace_id'] === correlationId && isVisible(line)) yield { line, bytes: Buffer.byteLength(text) };
      }
    } finally {
      await handle?.close();
    }
  }
}

const timeOf = (line: LogLine): number => Date.parse(String(line['timestamp'])) || 0;

/** Returns `otherwise` if the file does not exist. */
export async function unlessMissing<T, U>(reading: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}

export function parseLine(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
