import { writeSync } from 'node:fs';
import type { LogSink } from './log-sink.js';

const MAX_QUEUED_CHARS = 8 * 1_024 * 1_024; // UTF-16 units and bytes held while the reader stalls
const RETRY_DELAY_MS = 4;
const FLUSH_TIMEOUT_MS = 2_000; // how long a flush waits for a stalled reader
const DROP_REPORT_TIMEOUT_MS = 500; // how long a flush then tries to write the number of dropped lines
const NEWLINE = 10;
const ENCODE_BUFFER_BYTES = 256 * 1_024;

/**
 * Writes lines to standard output with write(2), past Node's stream. One write contains all lines of one turn of the event
 * loop. A full pipe is retried every 4 ms.
 *
 * At most 8 MiB are held. Further lines are dropped and counted, and `onDropped` receives the count once there is room again.
 * After the reader has closed the pipe, all lines are discarded silently.
 */
export class StdoutSink implements LogSink {
  private queue = '';
  private unwritten: Buffer = Buffer.alloc(0); // the rest of a partial write
  private readonly encodeBuffer = Buffer.allocUnsafeSlow(ENCODE_BUFFER_BYTES); // reused for each write
  private isMidLine = false; // the pipe ends inside a line; the rest of the line is in `unwritten`
  private dropped = 0;
  private scheduled = false;
  private closed = false;

  constructor(
    private readonly format: (line: string) => string,
    private readonly onDropped: (count: number) => void,
    private readonly writeBytes: (bytes: Buffer) => number = (bytes) => writeSync(1, bytes),
  ) {
    void process.stdout.isTTY; // makes a pipe non-blocking, so that a stalled reader does not block this process
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

  private writeQueuedWithin(timeoutMs: number): boolean {
    const end = performance.now() + timeoutMs;
    while (!this.tryWriteQueued()) {
      if (performance.now() > end) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_DELAY_MS);
    }
    return true;
  }

  /** Drops all lines except the rest of a line that the pipe already has in part. */
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
      setTimeout(this.drain, RETRY_DELAY_MS).unref(); // the timer need not keep the process alive: the exit handler flushes
    else this.reportDropped();
  };

  private reportDropped(): boolean {
    const count = this.dropped;
    this.dropped = 0;
    if (count > 0) this.onDropped(count);
    return count > 0;
  }

  /** Hot path: encodes into a reused buffer if the text fits. A new buffer each turn costs more than the rest of writing. */
  private encode(text: string): Buffer {
    const fits = text.length * 3 <= ENCODE_BUFFER_BYTES; // a UTF-16 unit has 3 bytes at most
    return fits ? this.encodeBuffer.subarray(0, this.encodeBuffer.write(text)) : Buffer.from(text);
  }

  /** Writes until the pipe is full. Returns true if nothing is left to write. */
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
      this.closed = true; // EPIPE and similar: the reader is gone, and the failure cannot be reported anywhere
      this.queue = '';
      this.unwritten = Buffer.alloc(0);
      return true;
    }
  }
}
