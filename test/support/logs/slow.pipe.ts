import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A kernel pipe with a slow reader, as in `app | slow-reader`. */
export class SlowPipe {
  private readonly folder = mkdtempSync(join(tmpdir(), 'pikaia-pipe-'));
  private readonly readEnd: number;
  private readonly buffer = Buffer.alloc(64 * 1_024);
  private readonly parts: Buffer[] = [];
  /** The `stdio` of a process. Call closeWriteEnd() after that process has started. */
  readonly writeEnd: number;

  constructor() {
    const path = join(this.folder, 'pipe');
    execFileSync('mkfifo', [path]);
    this.readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writeEnd = openSync(path, constants.O_WRONLY);
  }

  closeWriteEnd(): void {
    closeSync(this.writeEnd);
  }

  /** Reads up to 64 KiB and sleeps, in a loop, until every writer has closed the pipe. */
  async readUntilEnd(sleepMs: number): Promise<void> {
    while (this.readOnce()) await pause(sleepMs);
  }

  /** All text read so far. */
  get text(): string {
    return Buffer.concat(this.parts).toString();
  }

  /** The text of the last two reads. */
  get tail(): string {
    return Buffer.concat(this.parts.slice(-2)).toString();
  }

  remove(): void {
    closeSync(this.readEnd);
    rmSync(this.folder, { recursive: true }); // only the folder from mkdtemp
  }

  /** Returns false at the end of the pipe. */
  private readOnce(): boolean {
    try {
      const length = readSync(this.readEnd, this.buffer);
      this.parts.push(Buffer.from(this.buffer.subarray(0, length)));
      return length > 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return true; // the pipe is empty now
      throw error;
    }
  }
}
