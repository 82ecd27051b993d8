import {
  DescribeEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  ResourceNotFoundException,
  type EventBridgeClientConfig,
  type PutEventsRequestEntry,
  type PutEventsResponse,
} from '@aws-sdk/client-eventbridge';
import { maxOverdueCalls } from './adaptive-concurrency.js';

export interface EventBusClientOptions {
  readonly busName: string;
  readonly region?: string;
  readonly endpoint?: string;
  /** Maximum number of calls in flight that are not overdue; sizes the socket pool. */
  readonly concurrency: number;
  /** Maximum milliseconds for a whole call. */
  readonly timeoutMs: number;
}

interface Connection {
  readonly client: EventBridgeClient;
  calls: number;
  isRetired: boolean;
}

/** Wraps the AWS SDK client. Adds a timeout to every call and disables the SDK's retries, because the relay retries. */
export class EventBusClient {
  private current: Connection | undefined;

  constructor(private readonly options: EventBusClientOptions) {}

  get busName(): string {
    return this.options.busName;
  }

  get maxTimeoutMs(): number {
    return this.options.timeoutMs;
  }

  /** @throws Error if neither the settings nor the SDK's profile name a region. */
  async region(): Promise<string> {
    return this.connection().client.config.region();
  }

  put(entries: PutEventsRequestEntry[], timeoutMs: number): Promise<PutEventsResponse> {
    const command = new PutEventsCommand({ Entries: entries });
    return this.call((client, abortSignal) => client.send(command, { abortSignal }), timeoutMs);
  }

  /** Returns ARN and creation time of the bus, which identify it even if it is recreated. Null if it does not exist. */
  async busIdentity(): Promise<string | null> {
    try {
      const { Arn, CreationTime } = await this.call((client, abortSignal) =>
        client.send(new DescribeEventBusCommand({ Name: this.options.busName }), { abortSignal }),
      );
      return `${Arn} ${CreationTime?.toISOString() ?? ''}`.trimEnd();
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return null;
      throw error;
    }
  }

  /** Makes the next call load its credentials again, including from files. */
  renewCredentials(): void {
    const { current } = this;
    if (!current) return;
    this.current = undefined;
    current.isRetired = true;
    this.closeWhenIdle(current);
  }

  close(): void {
    this.renewCredentials();
  }

  private async call<T>(
    send: (client: EventBridgeClient, limit: AbortSignal) => Promise<T>,
    timeoutMs = this.options.timeoutMs,
  ): Promise<T> {
    const connection = this.connection();
    connection.calls++;
    const limit = new AbortController();
    // Cleared when the call ends. AbortSignal.timeout would keep the request in memory until the timeout.
    const timer = setTimeout(() => limit.abort(new DOMException('no response within the timeout', 'TimeoutError')), timeoutMs);
    try {
      return await send(connection.client, limit.signal);
    } finally {
      clearTimeout(timer);
      connection.calls--;
      this.closeWhenIdle(connection);
    }
  }

  private closeWhenIdle({ client, calls, isRetired }: Connection): void {
    if (isRetired && !calls) client.destroy();
  }

  private connection(): Connection {
    return (this.current ??= { client: new EventBridgeClient(configOf(this.options)), calls: 0, isRetired: false });
  }
}

function configOf({ region, endpoint, concurrency, timeoutMs }: EventBusClientOptions): EventBridgeClientConfig {
  const maxSockets = concurrency + maxOverdueCalls(concurrency) + 1; // one more for the check of the bus
  const agent = { keepAlive: true, maxSockets };
  const config = {
    maxAttempts: 1,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    requestHandler: { connectionTimeout: timeoutMs, httpAgent: agent, httpsAgent: agent },
    // Passed on to the credential providers, which otherwise cache credential files forever.
    ignoreCache: true,
  };
  return config;
}
