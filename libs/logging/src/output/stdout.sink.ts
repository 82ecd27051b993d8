import { writeSync } from 'node:fs';
import type { LogSink } from './log-sink.js';

const MAX_QUEUED_CHARS = 8 * 1_024 * 1_024; // UTF-16 units held for a reader that stalls
const RETRY_DELAY_MS = 4;
const FLUSH_TIMEOUT_MS = 2_000; // how long the end of the process waits for a reader
const DROP_REPORT_TIMEOUT_MS = 500; // and then, to say what did not fit that time
const NEWLINE = 10;
const ENCODE_BUFFER_BYTES = 256 * 1_024;

/**
 * Standard output, written by this process itself: the lines of one turn of the event loop together, a full pipe tried
 * again, at most 8 MiB held. Beyond that lines are dropped and counted; `onDropped` says so once there is room again.
 * A reader that has gone ends it quietly.
 */
export class StdoutSink implements LogSink {
  private queue = '';
  private unwritten: Buffer = Buffer.alloc(0); // the rest of what the pipe has taken a part of
  private readonly encodeBuffer = Buffer.allocUnsafeSlow(ENCODE_BUFFER_BYTES); // what a usual turn's lines are encoded into
  private isMidLine = false; // the pipe has the beginning of a line whose end is in `bytes`
  private dropped = 0;
  private scheduled = false;
  private closed = false;

  constructor(
    private readonly format: (line: string) => string,
    private readonly onDropped: (count: number) => void,
    private readonly writeBytes: (bytes: Buffer) => number = (bytes) => writeSync(1, bytes),
  ) {
    void process.stdout.isTTY; // makes a pipe non-blocking: a stalled reader then stalls nobody here
  }

  write(line: string): void {
    if (this.closed) return;
    if (this.queue.length + this.unwritten.length > MAX_QUEUED_CHARS) {
      this.dropped++;
      return;
    }
    this.queue += `${this.format(line)}\n`;
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(this.drain);
    }
  }

  flush(): void {
    if (!this.writeQueuedWithin(FLUSH_TIMEOUT_MS)) this.dropQueued();
    if (this.reportDropped()) this.writeQueuedWithin(DROP_REPORT_TIMEOUT_MS);
  }

  private writeQueuedWithin(milliseconds: number): boolean {
    const end = performance.now() + milliseconds;
    while (!this.tryWriteQueued()) {
      if (performance.now() > end) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_DELAY_MS);
    }
    return true;
  }

  /** All but the end of the line that the reader has begun to get. */
  private dropQueued(): void {
    const kept = this.isMidLine ? this.unwritten.indexOf(NEWLINE) + 1 : 0;
    for (let at = kept; (at = this.unwritten.indexOf(NEWLINE, at) + 1) > 0;) this.dropped++;
    this.dropped += this.queue.split('\n').length - 1;
    this.unwritten = this.unwritten.subarray(0, kept);
    this.queue = '';
  }

  private readonly drain = (): void => {
    this.scheduled = !this.tryWriteQueued();
    if (this.scheduled)
      setTimeout(this.drain, RETRY_DELAY_MS).unref(); // the end of the process flushes
    else this.reportDropped();
  };

  private reportDropped(): boolean {
    const count = this.dropped;
    this.dropped = 0;
    if (count > 0) this.onDropped(count);
    return count > 0;
  }

  /** Into memory that is there, as far as it fits: a new buffer each turn costs more than all the rest of writing. */
  private encode(text: string): Buffer {
    const fits = text.length * 3 <= ENCODE_BUFFER_BYTES; // a UTF-16 unit has 3 bytes at most
    return fits ? this.encodeBuffer.subarray(0, this.encodeBuffer.write(text)) : Buffer.from(text);
  }

  /** True when nothing is left. */
  private tryWriteQueued(): boolean {
    if (this.closed) return true;
    try {
      for (;;) {
        if (!this.unwritten.length) {
          if (!this.queue) return true;
          this.unwritten = this.encode(this.queue);
          this.queue = '';
        }
        const written = this.writeBytes(this.unwritten);
        this.isMidLine = this.unwritten[written - 1] !== NEWLINE;
        this.unwritten = this.unwritten.subarray(written);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      this.closed = true; // EPIPE and the like: nobody reads any more, and there is nowhere left to say so
      this.queue = '';
      this.unwritten = Buffer.alloc(0);
      return true;
    }
  }
}
