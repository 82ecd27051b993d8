import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedSystem } from './simulated.system.js';
import type { Step } from './day.program.js';

const MAX_ATTEMPTS = 200;
const RETRY_PAUSE_MS = 150;

/** A request of the simulation and what came back. */
export interface Call {
  readonly step: number;
  /** The index of the organization whose session, or whose webhook, it is. */
  readonly organization: number;
  readonly method: string;
  readonly path: string;
  /** The body as it was sent. */
  readonly sent: string;
  readonly correlationId: string;
  /** Requests with the same key are repeats of one change. */
  readonly key?: string;
  /** 0 if the connection was lost. */
  readonly status: number;
  /** The type of the problem, without its prefix. */
  readonly problem: string;
  readonly isReplayed: boolean;
  readonly received: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly etag?: string;
  /** Unix milliseconds. */
  readonly endedAt: number;
  /** How the exchange differs from the OpenAPI document. */
  readonly deviation?: string;
}

export interface RequestPlan {
  readonly step: Step;
  readonly token?: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** True if a repeat with the same key would get another response. */
const isOpen = ({ status, problem }: Call): boolean =>
  status === 0 || status === 429 || status >= 500 || problem === 'idempotency-key-in-use';

/** Sends the requests of all clients and providers, and remembers each of them. */
export class RecordedClient {
  readonly calls: Call[] = [];

  constructor(private readonly simulated: SimulatedSystem) {}

  /** Sends a request once. The connection closes after `loseAfterMs`. */
  async send(plan: RequestPlan, { key, loseAfterMs }: { key?: string; loseAfterMs?: number } = {}): Promise<Call> {
    const { step, token, method, path, body, headers = {} } = plan;
    const correlationId = randomUUID();
    const request = {
      step: step.number,
      organization: step.organization,
      method,
      path,
      sent: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
      correlationId,
      ...(key !== undefined && { key }),
    };
    const call = await this.simulated.system
      .request(method, path, {
        ...(body !== undefined && { body }),
        port: this.simulated.port,
        headers: {
          'x-correlation-id': correlationId,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(key !== undefined && { 'idempotency-key': key }),
          ...headers,
        },
        ...(loseAfterMs !== undefined && { signal: AbortSignal.timeout(loseAfterMs) }),
      })
      .then(
        (response): Call => ({
          ...request,
          endedAt: Date.now(),
          status: response.status,
          problem: String(response.body['type'] ?? '').replace('urn:pikaia:problem:', ''),
          isReplayed: response.headers.get('idempotent-replayed') === 'true',
          received: JSON.stringify(response.body),
          body: response.body,
          ...(response.headers.has('etag') && { etag: response.headers.get('etag')! }),
        }),
        (error: Error): Call => ({
          ...request,
          ...LOST,
          endedAt: Date.now(),
          ...(!isLostConnection(error) && { deviation: error.message }),
        }),
      );
    this.calls.push(call);
    return call;
  }

  /** Sends a change in the manner of the step. With a key it is repeated until its outcome is known. */
  async change(plan: RequestPlan): Promise<Call> {
    const { manner, picks } = plan.step;
    if (manner === 'without a key') return this.send(plan);
    const key = randomUUID();
    let call = await this.send(plan, {
      key,
      ...(manner === 'with a key, and loses the connection' && { loseAfterMs: Math.floor(picks[2] * 20) }),
    });
    for (let attempts = 1; isOpen(call) && attempts < MAX_ATTEMPTS; attempts++) {
      await pause(RETRY_PAUSE_MS);
      call = await this.send(plan, { key });
    }
    return call;
  }

  /** Reads until the api answers. */
  async read(plan: Omit<RequestPlan, 'method'>): Promise<Call> {
    for (let attempts = 1; ; attempts++) {
      const call = await this.send({ ...plan, method: 'GET' });
      if (!isOpen(call) || attempts === MAX_ATTEMPTS) return call;
      await pause(RETRY_PAUSE_MS);
    }
  }
}

const LOST = { status: 0, problem: '', isReplayed: false, received: '', body: {} };

/** `fetch` reports a lost connection as a TypeError, and a response that ends early as one with a cause. */
const isLostConnection = ({ name }: Error): boolean => name === 'TypeError' || name === 'TimeoutError' || name === 'AbortError';
