import { MASKED, redactText, systemClock, type Clock } from '@pikaia/core';
import { LogField } from '@pikaia/logging';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { FailedRequestSource, type FailedRequest, type FailedRequestQuery, type FoundRequests } from './failed-request.source.js';
import { findEndBefore, readLinesBackward } from './lines-backward.js';
import { parseLine, unlessMissing, type LogLine } from './log-lines.js';

/** The api alone writes access lines. `api.jsonl.1` is older. */
const FILES = ['api.jsonl', 'api.jsonl.1'];
const MAX_BYTES = 8 * 1_024 * 1_024; // about 20,000 lines, 50 ms
const MAX_MS = 1_000;
/** Tolerated disorder of the lines: several processes can write one file, and a clock can be set. */
const DISORDER_MS = 1_000;

const TIME = /"timestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"/;
const TRACE = /"trace_id":"([\da-f-]{36})"/;
const ACCESS_LINE = /"event":"request_(?:completed|failed|aborted)"/;
const READS = new Set<unknown>(['GET', 'HEAD', 'OPTIONS']);
const HEALTH = /^\/health(?:$|\/)/; // probes would fill the list
const MAX_DURATION_MS = 3_600_000; // of a request whose other lines are searched

/** A request of the list whose earlier lines are still to be read. */
interface Found {
  readonly line: LogLine;
  /** Orders the list: the time first. */
  readonly key: string;
  readonly startedAt: number;
  reason: string | null;
}

interface Limits {
  readonly maxBytes: number;
  readonly clock: Clock;
}

/** Finds failed requests in the log files of development. Reads the files backward, so their size does not matter. */
export class LogFileSource extends FailedRequestSource {
  readonly unavailable = null;

  constructor(
    private readonly directory: string,
    private readonly limits: Limits = { maxBytes: MAX_BYTES, clock: systemClock },
  ) {
    super();
  }

  async find(query: FailedRequestQuery): Promise<FoundRequests> {
    const files: FileHandle[] = [];
    try {
      for (const name of FILES) {
        const file = await unlessMissing(open(join(this.directory, name)), undefined);
        if (file) files.push(file);
      }
      return await this.search(await withoutRepeated(files), query);
    } finally {
      await Promise.all(files.map((file) => file.close()));
    }
  }

  private async search(files: readonly FileHandle[], query: FailedRequestQuery): Promise<FoundRequests> {
    const search = new Search(query);
    const deadline = this.limits.clock.monotonic() + MAX_MS;
    let bytes = 0;
    for (const file of files) {
      const { size } = await file.stat();
      const end = query.before === undefined ? size : await findEndBefore(file, size, search.lastTime(), timeOf);
      for await (const block of readLinesBackward(file, end)) {
        for (const line of block.lines) if (search.add(line)) return search.result('full');
        bytes += block.bytes;
        if (bytes >= this.limits.maxBytes || this.limits.clock.monotonic() > deadline) return search.result('cut');
      }
    }
    return search.result('end');
  }
}

class Search {
  private readonly found: Found[] = [];
  /** By correlation id: the request to which older lines belong. */
  private readonly open = new Map<string, Found>();
  private oldest: string | null = null;
  /** Once the page is full: no line before this time belongs to it. */
  private pageStart = '';

  constructor(private readonly query: FailedRequestQuery) {}

  /** Lines after this time cannot belong to the page. */
  lastTime(): string {
    return isoText(Date.parse(timeOfKey(this.query.before!)) + DISORDER_MS);
  }

  /** Adds the next older line. Returns true if no older line can belong to the page. */
  add(text: string): boolean {
    const time = timeOf(text);
    if (time === undefined) return false; // cut by a kill, or not a log line
    if (this.oldest === null || time < this.oldest) this.oldest = time;
    const id = TRACE.exec(text)?.[1];
    if (id !== undefined) {
      if (ACCESS_LINE.test(text)) this.addRequest(id, time, parseLine(text));
      else if (this.open.has(id)) this.addReason(this.open.get(id)!, parseLine(text));
    }
    return time < this.pageStart;
  }

  result(end: 'full' | 'cut' | 'end'): FoundRequests {
    const { limit, before, scope } = this.query;
    const sorted = this.found.toSorted((a, b) => (a.key < b.key ? 1 : -1));
    const { oldest } = this;
    const hasMore = sorted.length > limit;
    const isCut = end === 'cut' && !hasMore;
    const canContinue = isCut && oldest !== null && (before === undefined || oldest < timeOfKey(before));
    // The next page repeats the millisecond at which the search stopped, because not all of its lines were read.
    const page = sorted.slice(0, limit).filter(({ key }) => !canContinue || timeOfKey(key) > oldest);
    const next = hasMore ? page.at(-1)!.key : canContinue ? `${oldest} ~` : null;
    return {
      data: page.map((request) => viewOf(request, 'operator' in scope)),
      next,
      searched_from: hasMore ? timeOfKey(next!) : oldest,
      is_cut: isCut,
    };
  }

  private addRequest(id: string, time: string, line: LogLine | undefined): void {
    this.open.delete(id); // an older request with the same correlation id has its own lines
    if (line?.[LogField.traceId] !== id || !isFailure(line)) return;
    const { scope, before, limit } = this.query;
    if ('organization' in scope && line[LogField.organizationId] !== scope.organization) return;
    const durationMs = durationOf(line);
    const key = `${time} ${id} ${durationMs}`;
    if (before !== undefined && key >= before) return;
    const request = { line, key, startedAt: Date.parse(time) - Math.min(durationMs, MAX_DURATION_MS), reason: null };
    this.found.push(request);
    this.open.set(id, request);
    if (this.found.length === limit + 1)
      this.pageStart = isoText(Math.min(...this.found.map(({ startedAt }) => startedAt)) - DISORDER_MS);
  }

  /** The last line of the request that says why decides. */
  private addReason(request: Found, line: LogLine | undefined): void {
    if (line === undefined || line[LogField.level] === 'DEBUG') return;
    // A caller can choose the correlation id, also that of another organization.
    const isOwn = [LogField.traceId, LogField.organizationId].every((name) => line[name] === request.line[name]);
    if (isOwn) request.reason ??= reasonOf(line);
  }
}

/** Returns the time of a line, or undefined if it has none. */
function timeOf(line: string): string | undefined {
  const time = TIME.exec(line)?.[1];
  return time !== undefined && Number.isNaN(Date.parse(time)) ? undefined : time;
}

const timeOfKey = (key: string): string => key.split(' ', 1)[0]!;

const isoText = (time: number): string => new Date(time).toISOString();

function isFailure(line: LogLine): boolean {
  const status = line[LogField.statusCode];
  if (typeof status !== 'number' || HEALTH.test(textOf(line, LogField.path))) return false;
  return status >= 500 || (status >= 400 && !READS.has(line[LogField.method]));
}

function reasonOf(line: LogLine): string | null {
  for (const name of ['problem.detail', LogField.errorMessage, 'reason', 'session.reason']) {
    const text = line[name];
    if (typeof text === 'string' && text.trim() !== '') return redactText(text);
  }
  return null;
}

function viewOf({ line, key, reason }: Found, isMasked: boolean): FailedRequest {
  const email = nullableText(line, LogField.userEmail);
  const path = redactText(textOf(line, LogField.path));
  return {
    correlation_id: String(line[LogField.traceId]),
    ended_at: timeOfKey(key),
    method: textOf(line, LogField.method),
    path: isMasked ? maskAddressesOfPath(path) : path,
    status: Number(line[LogField.statusCode]),
    duration_ms: durationOf(line),
    organization_id: nullableText(line, LogField.organizationId),
    actor_id: nullableText(line, LogField.userId),
    actor_email: email !== null && isMasked ? MASKED : email,
    reason: reason !== null && isMasked ? maskAddresses(reason) : reason,
  };
}

// An @ alone, as in a rule about addresses, is not an address.
const maskAddresses = (text: string): string =>
  text.replace(/\S+/g, (word) => (word.includes('@') && /[\p{L}\p{N}]/u.test(word) ? MASKED : word));

const maskAddressesOfPath = (path: string): string => path.replace(/[^/]+/g, (part) => (/@|%40/.test(part) ? MASKED : part));

function durationOf(line: LogLine): number {
  const nanoseconds = line[LogField.duration];
  return typeof nanoseconds === 'number' ? Math.max(0, nanoseconds / 1e6) : 0;
}

const textOf = (line: LogLine, name: string): string => nullableText(line, name) ?? '';

const nullableText = (line: LogLine, name: string): string | null => {
  const value = line[name];
  return typeof value === 'string' ? value : null;
};

/** The newer file can be renamed to the older one between the two calls of `open`. */
async function withoutRepeated(files: readonly FileHandle[]): Promise<FileHandle[]> {
  const ids = await Promise.all(files.map(async (file) => (await file.stat()).ino));
  return files.filter((_, index) => ids.indexOf(ids[index]!) === index);
}
