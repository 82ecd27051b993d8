import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

import { checkExchange } from '../openapi/exchange.check.js';

export interface KeepAliveResponse {
  readonly status: number;
  readonly body: { readonly [field: string]: unknown };
  /** True if the connection served an earlier request. */
  readonly reused: boolean;
}

/** Sends requests over a fixed number of keep-alive connections, which all users share. */
export class KeepAliveClient {
  private readonly agent: Agent;

  constructor(
    private readonly port: number,
    connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  async send(method: string, path: string, headers: Readonly<Record<string, string>>, body?: object): Promise<KeepAliveResponse> {
    const sent = request({
      agent: this.agent,
      port: this.port,
      method,
      path,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    });
    const json = body && JSON.stringify(body);
    sent.end(json);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const answer = await text(response);
    const received = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
    if (path.startsWith('/api/'))
      checkExchange({ method, path, sent: json, status: response.statusCode!, headers: received, received: answer });
    return { status: response.statusCode!, body: answer ? JSON.parse(answer) : {}, reused: sent.reusedSocket };
  }

  close(): void {
    this.agent.destroy();
  }
}
