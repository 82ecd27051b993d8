import { AssertionError } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { Agent, request as startRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { LogField } from '../record/log-fields.js';
import { captureLogs } from './capture-logs.js';
import { mismatchedFields, type CapturedRecord, type ExpectedFields } from './matching.js';

const ACCESS_LINES_TIMEOUT_MS = 10_000;
const MAX_START_DELAY_MS = 20; // requests start spread over this time
const MAX_SHOWN_LEAKS = 10;

/** A simulated user that sends one request. */
export interface Sender {
  readonly index: number;
  /** A unique name that is not part of another sender's name. A line that contains it belongs to this sender. */
  readonly name: string;
}

export interface SentRequest {
  readonly path: string;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The request body, sent as JSON. */
  readonly body?: unknown;
}

export interface LeakCheck {
  /** The URL of the application. It must run in this process, so that its lines can be captured. */
  readonly url: string;
  /** Builds the request of a sender. Put the sender's name into a part that your code logs: a header, the path or the body. */
  readonly request: (sender: Sender) => SentRequest;
  /** Fields that the access line of a sender must have. Other lines of the request must match if they have the field. */
  readonly fields?: (sender: Sender) => ExpectedFields;
  /** The number of requests. Default 200. */
  readonly requests?: number;
  /** The number of kept-alive connections, each shared by many senders. Default 25. */
  readonly connections?: number;
  /** Excludes lines that belong to no request, such as those of a timer. All other lines without a request count as leaks. */
  readonly ignore?: (record: CapturedRecord) => boolean;
  /** Milliseconds to wait for further lines after the last response. Default 50. */
  readonly settleMs?: number;
}

/**
 * Proves that concurrent requests do not share context. Sends many requests at once over shared connections, each with its
 * own sender. Fails if a line has no request context, the context of another request, or the name of another sender, or if
 * a request has no access line.
 *
 * No other client can send requests to the application meanwhile. @throws AssertionError that lists the wrong lines.
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
    const deadline = performance.now() + ACCESS_LINES_TIMEOUT_MS;
    const accessLines = () => logs.records.filter((record) => isAccessLine(record) && sent.has(String(record[LogField.traceId])));
    while (accessLines().length < requests && performance.now() < deadline) await pause(5);
    await pause(settleMs);
  } finally {
    agent.destroy();
  }
  const records = logs.records.filter((record) => !ignore(record));
  const leaks = [...records.flatMap((record) => leaksOf(record, sent, run)), ...missingAccessLines(records, sent)];
  if (leaks.length === 0) return;
  const more = leaks.length > MAX_SHOWN_LEAKS ? `\n… and ${leaks.length - MAX_SHOWN_LEAKS} more` : '';
  const message = `${leaks.length} context leaks in ${records.length} lines:\n${leaks.slice(0, MAX_SHOWN_LEAKS).join('\n')}${more}`;
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
  if (!own)
    return [`${record.event}: ${id === undefined ? 'no request context' : `context of an unknown request (${String(id)})`}`];
  const { sender, request, fields } = own;
  const named = JSON.stringify(record).match(new RegExp(`sender-${run}-\\d{5}`, 'g')) ?? [];
  const otherNames = [...new Set(named)].filter((name) => name !== sender.name);
  const expected = {
    [LogField.method]: request.method ?? 'GET',
    [LogField.path]: new URL(request.path, 'http://x').pathname,
    ...fields,
  };
  const wrong = mismatchedFields(record, expected).filter((name) => isAccessLine(record) || name in record);
  return [
    ...otherNames.map((name) => `${record.event} of ${sender.name} contains ${name}`),
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
    const call = startRequest(new URL(path, url), {
      agent,
      method,
      headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }), 'x-correlation-id': id },
    });
    call.on('response', (response) => response.resume().on('end', resolve).on('error', reject));
    call.on('error', reject).end(json);
  });
}
