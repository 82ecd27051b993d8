import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const RETRY_AFTER_SECONDS = 3_600;

/** The server of a customer that receives webhooks while the story is played. It runs in the starting script. */
export class WebhookReceiver {
  readonly #server: Server;
  /** While true, it responds 503 and asks for an hour. */
  isDown = false;

  private constructor() {
    this.#server = createServer((request, response) => {
      request.resume();
      if (this.isDown) response.writeHead(503, { 'Retry-After': RETRY_AFTER_SECONDS }).end('Down for maintenance.');
      else response.writeHead(204).end();
    });
  }

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await once(receiver.#server.listen(0, '127.0.0.1'), 'listening');
    return receiver;
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}/webhooks`;
  }

  stop(): void {
    this.#server.close().closeAllConnections();
  }
}
