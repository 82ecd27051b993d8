import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A pipe of the kernel whose reader reads when it likes: what `app | something slow` is to the app. */
export class SlowPipe {
  private readonly folder = mkdtempSync(join(tmpdir(), 'pikaia-pipe-'));
  private readonly readEnd: number;
  private readonly buffer = Buffer.alloc(64 * 1_024);
  private readonly parts: Buffer[] = [];
  /** For the `stdio` of a process; give it back with closeWriteEnd() once that has started. */
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

  /** Reads up to 64 KiB, then sleeps, until nobody has the other end any more. */
  async readUntilEnd(sleepMs: number): Promise<void> {
    while (this.readOnce()) await pause(sleepMs);
  }

  /** Everything read so far. */
  get text(): string {
    return Buffer.concat(this.parts).toString();
  }

  /** The newest of it. */
  get tail(): string {
    return Buffer.concat(this.parts.slice(-2)).toString();
  }

  remove(): void {
    closeSync(this.readEnd);
    rmSync(this.folder, { recursive: true }); // what mkdtemp returned
  }

  /** False at the end. */
  private readOnce(): boolean {
    try {
      const length = readSync(this.readEnd, this.buffer);
      this.parts.push(Buffer.from(this.buffer.subarray(0, length)));
      return length > 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return true; // nothing there now
      throw error;
    }
  }
}
