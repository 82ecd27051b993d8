import { ContextSlot, type ContextScope } from '@pikaia/core';

const MAX_BYTES = 64 * 1_024; // of one request; the oldest lines are dropped first

/** Holds the DEBUG lines of one request until the request ends, as JSON text. They are written if it failed or was slow. */
export class DebugRing {
  /** True if the ring also holds the INFO lines, because the request is sampled out. */
  sampledOut = false;
  private lines: string[] | undefined; // undefined until the first line: most requests write none at DEBUG
  private bytes = 0;
  private dropped = 0;
  private closed = false;

  keep(line: string): void {
    if (this.closed) return;
    this.lines ??= [];
    this.lines.push(line);
    this.bytes += Buffer.byteLength(line);
    while (this.bytes > MAX_BYTES) {
      this.bytes -= Buffer.byteLength(this.lines.shift()!);
      this.dropped++;
    }
  }

  /**
   * Returns the held lines and discards all later DEBUG lines of the request, such as those of its timers. Pass `written` as
   * true if the caller writes the lines: later INFO lines of the request are then written as well.
   */
  close(written: boolean): { readonly lines: readonly string[]; readonly dropped: number } {
    const { lines = [], dropped } = this;
    this.lines = undefined;
    this.closed = true;
    if (written) this.sampledOut = false;
    return { lines, dropped };
  }
}

const slot = new ContextSlot(() => new DebugRing());

/** Opens a ring for a scope. Everything in the scope shares the ring; a new context opened inside it has none. */
export function openRing(scope: ContextScope, sampledOut: boolean): DebugRing {
  const ring = slot.getOrCreate(scope);
  ring.sampledOut = sampledOut;
  return ring;
}

export const currentRing = (): DebugRing | undefined => slot.get();
