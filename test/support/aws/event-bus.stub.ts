import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

// This file imports nothing else and uses only erasable types, so Node can run it without a build (bench/eventbridge).

export interface PutEntry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly Time?: number;
  readonly Resources?: readonly string[];
  readonly EventBusName?: string;
}

interface PutResultEntry {
  readonly EventId?: string;
  readonly ErrorCode?: string;
  readonly ErrorMessage?: string;
}

export interface PutResult {
  readonly FailedEntryCount: number;
  readonly Entries: readonly PutResultEntry[];
}

export interface StubCall {
  readonly action: string;
  readonly accessKeyId: string;
  readonly entries: readonly PutEntry[];
}

/** A failure of the stub. Set one field. */
export interface Fault {
  /** Rejects the whole call. */
  readonly fail?: { readonly status: number; readonly code: string; readonly message?: string };
  /** Rejects the entries for which it returns an error code, and accepts the others. */
  readonly rejectEntry?: (entry: PutEntry, index: number) => string | undefined;
  /** Accepts the entries and replaces the response body. */
  readonly forge?: (honest: PutResult) => unknown;
  /** Never responds, before or after it accepted the entries. */
  readonly silent?: 'before' | 'after';
  /** Closes the connection, before or after it accepted the entries. */
  readonly cut?: 'before' | 'after';
}

export interface StubOptions {
  readonly buses?: readonly string[];
  readonly limitBytes?: number;
  readonly delayMs?: number;
  /** If false, the stub only counts accepted entries and does not parse their details. */
  readonly keeps?: boolean;
}

const MAX_ENTRIES = 10;
const MAX_DETAIL_TYPE_LENGTH = 128;
const INT64_MAX = 2n ** 63n - 1n;

/**
 * EventBridge over HTTP, as documented: JSON 1.1, signatures, limits, results by position. Like EventBridge, the stub
 * accepts entries for a bus that does not exist, and drops them. It stores the accepted entries of existing buses.
 */
export class EventBusStub {
  readonly accepted: PutEntry[] = [];
  readonly calls: StubCall[] = [];
  acceptedCount = 0;
  /** The maximum number of concurrent calls. */
  mostOpen = 0;
  /** Called for each request. Undefined means a normal response. */
  fault: ((call: StubCall) => Fault | undefined) | undefined;
  /** The valid access key ids. Undefined means that every key is valid. */
  validKeys: ReadonlySet<string> | undefined;
  delayMs: number;
  private open = 0;
  private lastCreationMs = 0;
  private readonly limitBytes: number;
  private readonly keeps: boolean;
  private readonly buses = new Map<string, number>();
  private readonly server: Server;

  private constructor({ buses = ['pikaia'], limitBytes = 256 * 1024, delayMs = 0, keeps = true }: StubOptions) {
    this.limitBytes = limitBytes;
    this.delayMs = delayMs;
    this.keeps = keeps;
    for (const name of buses) this.createBus(name);
    this.server = createServer((request, response) => void this.receive(request, response));
    this.server.keepAliveTimeout = 60_000;
  }

  static async start(options: StubOptions = {}, port = 0): Promise<EventBusStub> {
    const stub = new EventBusStub(options);
    stub.server.listen(port, '127.0.0.1');
    await once(stub.server, 'listening');
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Creates a bus. Its creation time is later than that of every earlier bus, even within one millisecond. */
  createBus(name: string): void {
    this.lastCreationMs = Math.max(this.lastCreationMs + 1, Date.now());
    this.buses.set(name, this.lastCreationMs / 1000);
  }

  deleteBus(name: string): void {
    this.buses.delete(name);
  }

  /** The parsed details of the accepted entries. */
  get details(): Record<string, unknown>[] {
    return this.accepted.map(({ Detail }) => JSON.parse(Detail!) as Record<string, unknown>);
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (this.delayMs) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
      this.respond(request, response, Buffer.concat(chunks).toString('utf8'));
    } catch {
      response.destroy(); // the caller disconnected during its request
    } finally {
      this.open--;
    }
  }

  private respond(request: IncomingMessage, response: ServerResponse, text: string): void {
    const body = JSON.parse(text || '{}') as { Entries?: PutEntry[]; Name?: string };
    const action = String(request.headers['x-amz-target']).replace(/^AWSEvents\./, '');
    const accessKeyId = credentialOf(request)?.accessKeyId ?? '';
    const call: StubCall = { action, accessKeyId, entries: body.Entries ?? [] };
    if (this.keeps) this.calls.push(call);
    const refusal = this.requestError(request, call, body.Name);
    const fault = this.fault?.(call) ?? {};
    if (fault.silent === 'before') return;
    if (fault.cut === 'before') return void response.destroy();
    const failure = fault.fail ?? refusal;
    if (failure) return send(response, failure.status, { __type: failure.code, message: failure.message ?? failure.code });
    if (action === 'DescribeEventBus') return send(response, 200, this.describe(body.Name ?? 'default'));
    const honest = this.put(call.entries, fault.rejectEntry ?? (() => undefined));
    if (fault.silent === 'after') return;
    if (fault.cut === 'after') return void response.destroy();
    send(response, 200, fault.forge ? fault.forge(honest) : honest);
  }

  private requestError(request: IncomingMessage, { action, entries }: StubCall, bus?: string): Fault['fail'] {
    const { headers } = request;
    if (headers['content-type'] !== 'application/x-amz-json-1.1') return refuse('SerializationException', 'not JSON 1.1');
    const credential = credentialOf(request);
    if (!credential || !headers['x-amz-date']) return refuse('MissingAuthenticationTokenException', 'not signed', 403);
    if (credential.service !== 'events') return refuse('InvalidSignatureException', 'signed for another service', 403);
    if (this.validKeys && !this.validKeys.has(credential.accessKeyId)) {
      return refuse('ExpiredTokenException', 'The security token included in the request is expired', 403);
    }
    if (action === 'DescribeEventBus') {
      return this.buses.has(busName(bus)) ? undefined : refuse('ResourceNotFoundException', `Event bus ${bus} does not exist.`);
    }
    if (action !== 'PutEvents') return refuse('UnknownOperationException', action);
    if (!entries.length || entries.length > MAX_ENTRIES) {
      return refuse('ValidationException', `Value at 'entries' must have a length of 1 to ${MAX_ENTRIES}`);
    }
    const size = entries.reduce((sum, entry) => sum + entrySizeBytes(entry), 0);
    if (size > this.limitBytes) {
      return refuse('ValidationException', 'Total size of the entries in the request is over the limit.');
    }
    return undefined;
  }

  private put(entries: readonly PutEntry[], refusal: NonNullable<Fault['rejectEntry']>): PutResult {
    const answers = entries.map((entry, index): PutResultEntry => {
      const code = refusal(entry, index) ?? (this.keeps ? entryError(entry) : undefined);
      if (code !== undefined) return { ErrorCode: code, ErrorMessage: `${code} of the stub` };
      if (this.buses.has(busName(entry.EventBusName))) {
        this.acceptedCount++;
        if (this.keeps) this.accepted.push(entry);
      }
      return { EventId: randomUUID() };
    });
    return { FailedEntryCount: answers.filter(({ EventId }) => !EventId).length, Entries: answers };
  }

  private describe(bus: string): object {
    const name = busName(bus);
    const arn = `arn:aws:events:eu-central-1:123456789012:event-bus/${name}`;
    return { Name: name, Arn: arn, CreationTime: this.buses.get(name) };
  }
}

/** The size of an entry as AWS calculates it. */
function entrySizeBytes({ Source = '', DetailType = '', Detail = '', Time, Resources = [] }: PutEntry): number {
  return [Source, DetailType, Detail, ...Resources].reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    Time === undefined ? 0 : 14,
  );
}

/** The error code of an invalid entry. */
function entryError({ Source, DetailType, Detail }: PutEntry): string | undefined {
  if (!Source || !DetailType || DetailType.length > MAX_DETAIL_TYPE_LENGTH || !Detail) return 'InvalidArgument';
  if (Source.startsWith('aws.')) return 'NotAuthorizedForSourceException';
  return isDetail(Detail) ? undefined : 'MalformedDetail';
}

function isDetail(text: string): boolean {
  try {
    let fits = true;
    const detail: unknown = JSON.parse(text, ((_key: string, value: unknown, { source }: { source?: string }) => {
      if (typeof value === 'number' && /^-?\d+$/.test(source!))
        fits &&= BigInt(source!) <= INT64_MAX && BigInt(source!) >= -INT64_MAX - 1n;
      return value;
    }) as (key: string, value: unknown) => unknown);
    return fits && typeof detail === 'object' && detail !== null && !Array.isArray(detail);
  } catch {
    return false;
  }
}

/** The name of a bus that is given by its name or its ARN. */
const busName = (bus = 'default'): string => bus.replace(/^arn:.*:event-bus\//, '');

function credentialOf({ headers }: IncomingMessage): { accessKeyId: string; service: string } | undefined {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/[^/]+\/(\w+)\/aws4_request, SignedHeaders=\S+, Signature=[\da-f]{64}$/;
  const [, accessKeyId, service] = pattern.exec(headers.authorization ?? '') ?? [];
  return accessKeyId && service ? { accessKeyId, service } : undefined;
}

const refuse = (code: string, message: string, status = 400) => ({ status, code, message });

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
