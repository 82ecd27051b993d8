import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A base class for stubs of third-party HTTP services. */
export abstract class HttpStub {
  /** Milliseconds for which each request waits before it is handled. */
  delayMs = 0;
  private readonly server: Server = createServer((...args) => {
    if (this.delayMs === 0) this.respond(...args);
    else setTimeout(() => this.respond(...args), this.delayMs);
  });

  protected abstract readonly respond: RequestListener;

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
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
