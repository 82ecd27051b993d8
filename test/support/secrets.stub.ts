import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** AWS Secrets Manager over HTTP, as far as GetSecretValue goes. */
export class SecretsStub {
  private constructor(
    private readonly server: Server,
    /** By ARN. */
    readonly secrets: Map<string, string>,
  ) {}

  static async start(secrets: Readonly<Record<string, string>>): Promise<SecretsStub> {
    const held = new Map(Object.entries(secrets));
    const server = createServer(async (request, response) => {
      const { SecretId } = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8')) as { SecretId: string };
      const text = held.get(SecretId);
      response.writeHead(text === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
      const missing = { __type: 'ResourceNotFoundException', Message: "Secrets Manager can't find the specified secret." };
      response.end(JSON.stringify(text === undefined ? missing : { ARN: SecretId, SecretString: text }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SecretsStub(server, held);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
