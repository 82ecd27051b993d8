import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LogSink } from './log-sink.js';

const RETRY_DELAY_MS = 5_000; // after a failed write
const MAX_BUFFERED_CHARS = 1_024 * 1_024; // UTF-16 units, within one turn of the event loop

export interface LogFile {
  readonly path: string;
  /**
   * Size in bytes at which the file is renamed to `<path>.1` and a new file begins. Both files together take at most twice
   * this size. Default 20 MiB.
   */
  readonly maxBytes?: number;
}

/** Copies every line to a file, for development. A full disk or a missing folder loses lines of the copy and nothing else. */
export class FileSink implements LogSink {
  private descriptor: number | undefined;
  private size = 0;
  private buffer = '';
  private scheduled = false;
  private retryAt = 0;
  private failing = false; // a failure is reported once, not at every attempt

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

  private rotate(addedBytes: number): void {
    const { path, maxBytes = 20 * 1_024 * 1_024 } = this.file;
    if (this.descriptor === undefined) this.open(path);
    if (this.size === 0 || this.size + addedBytes <= maxBytes) return;
    this.close();
    renameSync(path, `${path}.1`);
    this.open(path);
  }

  private open(path: string): void {
    mkdirSync(dirname(path), { recursive: true });
    this.descriptor = openSync(path, 'a', 0o600); // the lines contain personal data
    this.size = fstatSync(this.descriptor).size;
  }
}
