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
 * Returns at most 2,000 lines and 1 MiB of the lines that are visible.
 */
export async function findLogLines(
  directory: string,
  correlationId: string,
  isVisible: (line: LogLine) => boolean = () => true,
): Promise<FoundLines> {
  const lines: LogLine[] = [];
  let bytes = 0;
  let truncated = false;
  for (const file of await unlessMissing(readdir(directory), [])) {
    if (truncated) break;
    if (!file.includes('.jsonl')) continue;
    const handle = await unlessMissing(open(join(directory, file)), undefined); // rotation may have removed the file
    for await (const text of handle?.readLines() ?? []) {
      if (!text.includes(correlationId)) continue;
      const line = parse(text);
      if (line?.['trace_id'] !== correlationId || !isVisible(line)) continue;
      bytes += Buffer.byteLength(text);
      truncated = lines.length >= MAX_LINES || bytes > MAX_PAGE_BYTES;
      if (truncated) break;
      lines.push(line);
    }
    await handle?.close();
  }
  return { lines, truncated };
}

async function unlessMissing<T, U>(reading: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}

function parse(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
