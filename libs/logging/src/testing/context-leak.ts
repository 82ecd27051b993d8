import { AssertionError } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { Agent, request as open } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { LogField } from '../record/log-fields.js';
import { captureLogs } from './capture-logs.js';
import { mismatchedFields, type CapturedRecord, type ExpectedFields } from './matching.js';

const ACCESS_LINES_TIMEOUT_MS = 10_000; // for the last access line
const MAX_START_DELAY_MS = 20; // the longest wait before a request
const MAX_SHOWN_LEAKS = 10;

/** Somebody who sends one request. */
export interface Sender {
  readonly index: number;
  /** Like nobody else's, nor part of another's: a line with this text is about this sender. */
  readonly name: string;
}

export interface SentRequest {
  readonly path: string;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface LeakCheck {
  /** Where the application listens: in this process, since its lines are captured. */
  readonly url: string;
  /** What a sender sends. Put its name into what your code logs: a header, a path, a body. */
  readonly request: (sender: Sender) => SentRequest;
  /** What the access line of a sender's request must carry; the request's other lines too, where they carry the field. */
  readonly fields?: (sender: Sender) => ExpectedFields;
  /** Default 200. */
  readonly requests?: number;
  /** Kept-alive connections, each used by many senders. Default 25. */
  readonly connections?: number;
  /** Lines without a request are leaks, unless this says that they belong to none: those of a timer of the application. */
  readonly ignore?: (record: CapturedRecord) => boolean;
  /** How long lines may come after the last answer, milliseconds. Default 50. */
  readonly settleMs?: number;
}

/**
 * Sends many requests at once, each by a sender of its own, over shared connections, and fails if a line carries no
 * request's context, another request's, or another sender's name. Each request must have its access line.
 *
 * Nothing else may send to the application meanwhile. @throws AssertionError naming the lines that are wrong.
 */
export async function expectNoContextLeak(check: LeakCheck): Promise<void> {
  const { requests = 200, connections = 25, settleMs = 50, ignore = () => false } = check;
  const run = randomUUID().slice(0, 8);
  const sent = new Map<string, Sent>();
  for (let index = 0; index < requests; index++) {
    const sender = { index, name: `sender-${run}-${String(index).padStart(5, '0')}` };
    sent.set(randomUUID(), { sender, request: check.request(sender), fields: check.fields?.(sender) ?? {} });
  }
  using logs = captureLogs();
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  try {
    await Promise.all([...sent].map(([id, one]) => send(check.url, agent, id, one)));
    const end = performance.now() + ACCESS_LINES_TIMEOUT_MS;
    const ended = () => logs.records.filter((record) => isAccessLine(record) && sent.has(String(record[LogField.traceId])));
    while (ended().length < requests && performance.now() < end) await pause(5);
    await pause(settleMs);
  } finally {
    agent.destroy();
  }
  const records = logs.records.filter((record) => !ignore(record));
  const leaks = [...records.flatMap((record) => leaksOf(record, sent, run)), ...missingAccessLines(records, sent)];
  if (leaks.length === 0) return;
  const more = leaks.length > MAX_SHOWN_LEAKS ? `\n… and ${leaks.length - MAX_SHOWN_LEAKS} more` : '';
  const message = `Context leaked into ${leaks.length} lines of ${records.length}:\n${leaks.slice(0, MAX_SHOWN_LEAKS).join('\n')}${more}`;
  throw new AssertionError({ message, actual: leaks, expected: [], stackStartFn: expectNoContextLeak });
}

interface Sent {
  readonly sender: Sender;
  readonly request: SentRequest;
  readonly fields: ExpectedFields;
}

const isAccessLine = ({ event }: CapturedRecord): boolean => /^request_(completed|failed|aborted)$/.test(event);

function leaksOf(record: CapturedRecord, sent: ReadonlyMap<string, Sent>, run: string): string[] {
  const id = record[LogField.traceId];
  const own = sent.get(String(id));
  if (!own) return [`${record.event}: ${id === undefined ? 'of no request' : `of none of these requests (${String(id)})`}`];
  const { sender, request, fields } = own;
  const named = JSON.stringify(record).match(new RegExp(`sender-${run}-\\d{5}`, 'g')) ?? [];
  const strangers = [...new Set(named)].filter((name) => name !== sender.name);
  const claimed = {
    [LogField.method]: request.method ?? 'GET',
    [LogField.path]: new URL(request.path, 'http://x').pathname,
    ...fields,
  };
  const wrong = mismatchedFields(record, claimed).filter((name) => isAccessLine(record) || name in record);
  return [
    ...strangers.map((name) => `${record.event} of ${sender.name} names ${name}`),
    ...wrong.map((name) => `${record.event} of ${sender.name}: ${name} is ${JSON.stringify(record[name])}`),
  ];
}

function missingAccessLines(records: readonly CapturedRecord[], sent: ReadonlyMap<string, Sent>): string[] {
  const seen = new Set(records.filter(isAccessLine).map((record) => record[LogField.traceId]));
  return [...sent].filter(([id]) => !seen.has(id)).map(([, { sender }]) => `the request of ${sender.name} has no access line`);
}

async function send(
  url: string,
  agent: Agent,
  id: string,
  { sender, request: { path, method = 'GET', headers = {}, body } }: Sent,
): Promise<void> {
  await pause((sender.index * 7) % MAX_START_DELAY_MS);
  const json = body === undefined ? undefined : JSON.stringify(body);
  await new Promise<void>((resolve, reject) => {
    const call = open(new URL(path, url), {
      agent,
      method,
      headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }), 'x-correlation-id': id },
    });
    call.on('response', (response) => response.resume().on('end', resolve).on('error', reject));
    call.on('error', reject).end(json);
  });
}
