import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { generate } from 'selfsigned';
import { TLSSocket } from 'node:tls';

const SSL_REQUEST = 80_877_103; // the code of an SSLRequest message in the protocol of PostgreSQL

/** A TLS proxy in front of a PostgreSQL server without TLS. It has a certificate for one host from its own authority. */
export class TlsFront {
  private constructor(
    readonly port: number,
    /** The certificate of the authority in PEM. */
    readonly authority: string,
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
  ) {}

  static async start(database: { readonly host: string; readonly port: number }, certifiedHost: string): Promise<TlsFront> {
    const ca = await generate([{ name: 'commonName', value: 'Authority of a test' }], {
      algorithm: 'sha256',
      extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
    });
    const own = await generate([{ name: 'commonName', value: certifiedHost }], {
      algorithm: 'sha256',
      ca: { key: ca.private, cert: ca.cert },
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: certifiedHost }] }],
    });
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      sockets.add(client.on('error', () => client.destroy()));
      client.once('data', (request: Buffer) => {
        if (request.length !== 8 || request.readUInt32BE(4) !== SSL_REQUEST) return void client.destroy(); // plain text is refused
        client.write('S');
        const secure = new TLSSocket(client, { isServer: true, key: own.private, cert: own.cert });
        const plain = connect(database.port, database.host);
        for (const [one, other] of [[secure, plain] as const, [plain, secure] as const]) {
          sockets.add(one.on('error', () => other.destroy()).on('close', () => other.destroy()));
          one.pipe(other);
        }
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TlsFront((server.address() as AddressInfo).port, ca.cert, server, sockets);
  }

  async stop(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }
}
