import { redirectLines } from '../output/log-output.js';
import type { LogLevel } from '../record/log-level.js';

export type CapturedRecord = Readonly<Record<string, unknown>> & { readonly event: string; readonly level: string };

export interface CapturedLogs extends Disposable {
  /** As they were written, without the newline. */
  readonly lines: readonly string[];
  readonly records: readonly CapturedRecord[];
  /** The records of an event. */
  of(event: string): CapturedRecord[];
  clear(): void;
  /** Ends the capture: records go where they went before. `using logs = captureLogs()` does it by itself. */
  restore(): void;
}

/** Collects the records that this process writes, from `level` up, instead of printing them. */
export function captureLogs(level: LogLevel = 'debug'): CapturedLogs {
  const lines: string[] = [];
  const restore = redirectLines({ write: (line) => void lines.push(line), flush: () => undefined }, level);
  const parse = (line: string): CapturedRecord => JSON.parse(line) as CapturedRecord;
  return {
    lines,
    get records() {
      return lines.map(parse);
    },
    of: (event) => lines.map(parse).filter((record) => record.event === event),
    clear: () => void lines.splice(0),
    restore,
    [Symbol.dispose]: restore,
  };
}
