import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import pg from 'pg';

const SSL_REQUEST = 80_877_103;
const SETTINGS = { server_version: '18.0', client_encoding: 'UTF8', DateStyle: 'ISO, MDY', integer_datetimes: 'on' };

/** An authenticated connection to the server. The pooler reads and writes its socket directly. */
interface Backend {
  readonly socket: Socket;
  client: Client | undefined;
}

interface Client {
  readonly socket: Socket;
  readonly pending: Buffer[];
  backend: Backend | undefined;
}

/** Encodes a protocol message with its type and length. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5, type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const GREETING = Buffer.concat([
  message('R', int32(0)), // AuthenticationOk for every client
  ...Object.entries(SETTINGS).map(([name, value]) => message('S', Buffer.from(`${name}\0${value}\0`))),
  message('K', Buffer.concat([int32(2_000_000_000), int32(1)])), // BackendKeyData with a process id of the pooler, as poolers send it
  message('Z', Buffer.from('I')),
]);

/** Splits the incoming bytes into complete messages. */
function messageParser(take: (type: string, whole: Buffer) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
      const end = rest.readInt32BE(1) + 1;
      take(String.fromCharCode(rest[0]!), rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}

// The start-up parameters that PgBouncer accepts with its default settings.
const ACCEPTED = new Set(['user', 'database', 'client_encoding', 'datestyle', 'timezone', 'standard_conforming_strings', 'application_name']); // prettier-ignore

/** The name of the first start-up parameter that PgBouncer refuses, if any. */
function refusedParameter(startup: Buffer): string | undefined {
  const texts = startup.subarray(8).toString('utf8').split('\0');
  return texts.find((name, index) => index % 2 === 0 && name !== '' && !ACCEPTED.has(name.toLowerCase()));
}

const refusal = (name: string): Buffer =>
  message('E', Buffer.from(`SFATAL\0C08P01\0Munsupported startup parameter: ${name}\0\0`));

/** A minimal transaction pooler that refuses what PgBouncer refuses. A client has a server connection from its first message to the end of the transaction. */
export class TransactionPooler {
  private readonly idle: Backend[] = [];
  private readonly waiting: Client[] = [];

  private readonly backends: Backend[] = [];

  private constructor(private readonly listener: Server) {}

  static async start(url: string, size: number): Promise<TransactionPooler> {
    const connections = Array.from({ length: size }, () => new pg.Client({ connectionString: url }));
    for (const connection of connections) await connection.connect();
    const listener = createServer();
    const pooler = new TransactionPooler(listener);
    for (const connection of connections) pooler.addBackend(connection);
    listener.on('connection', (socket) => pooler.acceptClient(socket));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return pooler;
  }

  proxyUrl(url: string): string {
    return Object.assign(new URL(url), { host: `127.0.0.1:${(this.listener.address() as AddressInfo).port}` }).href;
  }

  async stop(): Promise<void> {
    this.listener.close();
    for (const { socket, client } of this.backends) for (const one of [socket, client?.socket]) one?.destroy();
    await once(this.listener, 'close');
  }

  /** Takes over the socket of a connection that pg has authenticated. */
  private addBackend(connection: pg.Client): void {
    const { stream: socket } = (connection as unknown as { connection: { stream: Socket } }).connection;
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    const backend: Backend = { socket, client: undefined };
    socket.on(
      'data',
      messageParser((type, whole) => {
        backend.client?.socket.write(whole);
        if (type === 'Z' && String.fromCharCode(whole[5]!) === 'I') this.release(backend);
      }),
    );
    this.backends.push(backend);
    this.idle.push(backend);
  }

  private acceptClient(socket: Socket): void {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      if (bytes.readInt32BE(4) === SSL_REQUEST) {
        socket.write('N');
        this.acceptClient(socket);
        return;
      }
      const refused = refusedParameter(bytes);
      if (refused !== undefined) {
        socket.end(refusal(refused));
        return;
      }
      const client: Client = { socket, pending: [], backend: undefined };
      socket.write(GREETING);
      socket.on(
        'data',
        messageParser((type, whole) => (type === 'X' ? socket.end() : this.forward(client, whole))),
      );
    });
  }

  private forward(client: Client, whole: Buffer): void {
    if (client.backend) {
      client.backend.socket.write(whole);
      return;
    }
    client.pending.push(whole);
    if (!this.waiting.includes(client)) this.waiting.push(client);
    this.assign();
  }

  /** Assigns the server connections in turn, so that a client soon gets another one. */
  private assign(): void {
    while (this.idle.length && this.waiting.length) {
      const [backend, client] = [this.idle.shift()!, this.waiting.shift()!];
      backend.client = client;
      client.backend = backend;
      for (const whole of client.pending.splice(0)) backend.socket.write(whole);
    }
  }

  private release(backend: Backend): void {
    if (backend.client) backend.client.backend = undefined;
    backend.client = undefined;
    this.idle.push(backend);
    this.assign();
  }
}
