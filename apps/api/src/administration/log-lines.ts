import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export type LogLine = Readonly<Record<string, unknown>>;

const MAX_LINES = 2_000; // a caller can reuse one correlation id indefinitely

/**
 * Reads the log lines of one correlation id from the log files of api and worker. The files exist only in development; in
 * production the logs are in CloudWatch, and the result is empty. Lines that are not JSON, such as one cut by a kill, are skipped.
 */
export async function findLogLines(directory: string, correlationId: string): Promise<LogLine[]> {
  const found: LogLine[] = [];
  for (const file of await unlessMissing(readdir(directory), [])) {
    if (!file.includes('.jsonl')) continue;
    const handle = await unlessMissing(open(join(directory, file)), undefined); // rotation may have removed the file
    for await (const text of handle?.readLines() ?? []) {
      if (found.length >= MAX_LINES) break;
      if (!text.includes(correlationId)) continue;
      const line = parse(text);
      if (line?.['trace_id'] === correlationId) found.push(line);
    }
    await handle?.close();
  }
  return found;
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
