import {
  DescribeEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  ResourceNotFoundException,
  type EventBridgeClientConfig,
  type PutEventsRequestEntry,
  type PutEventsResponse,
} from '@aws-sdk/client-eventbridge';

export interface EventBusClientOptions {
  readonly busName: string;
  readonly region?: string;
  readonly endpoint?: string;
  /** Sockets. */
  readonly concurrency: number;
  /** Of a whole call. */
  readonly timeoutMs: number;
}

interface Connection {
  readonly client: EventBridgeClient;
  calls: number;
  isRetired: boolean;
}

/** The SDK's client with a time limit on every call, which it has not, and without its retries, which the relay does. */
export class EventBusClient {
  private current: Connection | undefined;

  constructor(private readonly options: EventBusClientOptions) {}

  get busName(): string {
    return this.options.busName;
  }

  /** @throws Error when neither the settings nor the SDK's profile name a region. */
  async region(): Promise<string> {
    return this.connection().client.config.region();
  }

  put(entries: PutEventsRequestEntry[]): Promise<PutEventsResponse> {
    return this.call((client, abortSignal) => client.send(new PutEventsCommand({ Entries: entries }), { abortSignal }));
  }

  /** What identifies the bus, so that one which was made anew under its name is another; null: there is none. */
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

  /** The next call fetches its credentials anew, also from files that were read before. */
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

  private async call<T>(send: (client: EventBridgeClient, limit: AbortSignal) => Promise<T>): Promise<T> {
    const connection = this.connection();
    connection.calls++;
    const limit = new AbortController();
    // Cleared with the answer: AbortSignal.timeout would keep each call's request until its time is over.
    const timer = setTimeout(() => limit.abort(new DOMException('no answer in time', 'TimeoutError')), this.options.timeoutMs);
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
  const agent = { keepAlive: true, maxSockets: concurrency + 1 }; // one for the look whether the bus is there
  const config = {
    maxAttempts: 1,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    requestHandler: { connectionTimeout: timeoutMs, httpAgent: agent, httpsAgent: agent },
    // Reaches the providers of credentials: they keep what they have read of a file for ever otherwise.
    ignoreCache: true,
  };
  return config;
}
