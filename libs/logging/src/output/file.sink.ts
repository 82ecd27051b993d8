import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LogSink } from './log-sink.js';

const RETRY_DELAY_MS = 5_000; // how long a file that failed is left alone
const MAX_BUFFERED_CHARS = 1_024 * 1_024; // UTF-16 units of one turn

export interface LogFile {
  readonly path: string;
  /** Bytes after which the file becomes `<path>.1` and a new one begins, so that both together hold twice this. Default 20 MiB. */
  readonly maxBytes?: number;
}

/** A copy of every line in a file, for development. A full disk or a missing folder loses lines of the copy, nothing else. */
export class FileSink implements LogSink {
  private descriptor: number | undefined;
  private size = 0;
  private buffer = '';
  private scheduled = false;
  private retryAt = 0;
  private failing = false; // it is said once, not at every attempt

  constructor(
    private readonly file: LogFile,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  write(line: string): void {
    if (this.buffer.length < MAX_BUFFERED_CHARS) this.buffer += `${line}\n`;
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.drain);
  }

  flush(): void {
    const bytes = Buffer.from(this.buffer);
    this.buffer = '';
    if (!bytes.length || performance.now() < this.retryAt) return;
    try {
      this.rotate(bytes.length);
      for (let at = 0; at < bytes.length;) at += writeSync(this.descriptor!, bytes, at);
      this.size += bytes.length;
      this.failing = false;
    } catch (error) {
      this.close();
      this.retryAt = performance.now() + RETRY_DELAY_MS;
      if (!this.failing) this.onFailure(error);
      this.failing = true;
    }
  }

  close(): void {
    const { descriptor } = this;
    this.descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }

  private readonly drain = (): void => {
    this.scheduled = false;
    this.flush();
  };

  private rotate(coming: number): void {
    const { path, maxBytes = 20 * 1_024 * 1_024 } = this.file;
    if (this.descriptor === undefined) this.open(path);
    if (this.size === 0 || this.size + coming <= maxBytes) return;
    this.close();
    renameSync(path, `${path}.1`);
    this.open(path);
  }

  private open(path: string): void {
    mkdirSync(dirname(path), { recursive: true });
    this.descriptor = openSync(path, 'a', 0o600); // the lines name people
    this.size = fstatSync(this.descriptor).size;
  }
}
