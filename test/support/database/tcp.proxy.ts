import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of PostgreSQL. It can drop traffic, close its connections and switch to another server. */
export class TcpProxy {
  /** The number of bytes that the server has sent to its clients. */
  bytesToClients = 0;
  private readonly pairs = new Set<[client: Socket, server: Socket]>();
  private readonly silenced = new Set<Socket>();
  private readonly withoutResponses = new Set<Socket>();
  private dropTrigger: string | undefined;

  private constructor(
    private readonly listener: Server,
    private target: URL,
  ) {}

  static async start(url: string): Promise<TcpProxy> {
    const listener = createServer();
    const proxy = new TcpProxy(listener, new URL(url));
    listener.on('connection', (client) => proxy.connectPair(client));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return proxy;
  }

  /** The connection string that leads through the proxy. */
  proxyUrl(url: string): string {
    return Object.assign(new URL(url), { host: `127.0.0.1:${(this.listener.address() as AddressInfo).port}` }).href;
  }

  /** Sets the server of new connections. */
  setTarget(url: string): void {
    this.target = new URL(url);
  }

  /** Drops all further traffic, even the end, of the connections whose first bytes contain `text`. @returns their number. */
  dropTraffic(text: string): number {
    let count = 0;
    for (const [client] of this.pairs) {
      if (!(this.firstBytes.get(client) ?? '').includes(text)) continue;
      this.silenced.add(client);
      count++;
    }
    return count;
  }

  /**
   * Drops all responses on the connection that next sends `text` to the server. The server still receives everything that
   * the client sends until the client closes the connection.
   */
  dropResponsesTo(text: string): void {
    this.dropTrigger = text;
  }

  /** The number of connections whose responses are dropped. */
  get connectionsWithoutResponses(): number {
    return this.withoutResponses.size;
  }

  disconnectAll(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  async stop(): Promise<void> {
    this.disconnectAll();
    this.listener.close();
    await once(this.listener, 'close');
  }

  private readonly firstBytes = new Map<Socket, string>();

  private connectPair(client: Socket): void {
    const server = connect(Number(this.target.port), this.target.hostname);
    const pair: [Socket, Socket] = [client, server];
    this.pairs.add(pair);
    client.once('data', (bytes) => this.firstBytes.set(client, bytes.toString('latin1')));
    for (const [from, to] of [pair, [server, client] as const]) {
      from.on('data', (bytes) => this.forward(bytes, from, to, client));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        if (from === server && (this.silenced.has(client) || this.withoutResponses.has(client))) return;
        this.pairs.delete(pair);
        to.destroy();
      });
    }
  }

  private forward(bytes: Buffer, from: Socket, to: Socket, client: Socket): void {
    if (this.silenced.has(client)) return;
    if (from === client && this.dropTrigger !== undefined && bytes.includes(this.dropTrigger)) {
      this.withoutResponses.add(client);
      this.dropTrigger = undefined;
    }
    if (to === client && this.withoutResponses.has(client)) return;
    if (to === client) this.bytesToClients += bytes.length;
    to.write(bytes);
  }
}
