import type { IncomingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { HttpStub } from './http.stub.js';

export interface ReceivedWebhook {
  /** The path of the URL. */
  readonly path: string;
  /** The header `webhook-id`. */
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Response = (response: ServerResponse, received: ReceivedWebhook) => unknown;

/** A receiver of webhooks, as a customer would write it. It responds 200 unless `respondWith` says otherwise for a path. */
export class WebhookReceiver extends HttpStub {
  readonly received: ReceivedWebhook[] = [];
  /** The status of all further responses. What arrives meanwhile is not kept. */
  fault: number | undefined;
  private readonly responses = new Map<string, Response>();

  protected readonly respond: RequestListener = async (request, response) => {
    const [path, { headers }] = [request.url!, request];
    const received = { path, id: String(headers['webhook-id']), headers, body: await text(request) };
    if (this.fault !== undefined) return void response.writeHead(this.fault).end();
    this.received.push(received);
    await (this.responses.get(path) ?? ((ok) => ok.end('ok')))(response, received);
  };

  respondWith(path: string, response: Response): void {
    this.responses.set(path, response);
  }

  at(path: string): ReceivedWebhook[] {
    return this.received.filter((one) => one.path === path);
  }
}

/** Verifies a webhook with the library of Standard Webhooks. @returns the parsed body. @throws Error for an invalid signature. */
export const verifyWebhook = ({ headers, body }: ReceivedWebhook, secret: string): unknown =>
  new Webhook(secret).verify(body, headers as Record<string, string>);

/** True if the secret has made one of the signatures, however long ago. */
export function isSignedWith({ id, headers, body }: ReceivedWebhook, secret: string): boolean {
  const sentAt = new Date(Number(headers['webhook-timestamp']) * 1_000);
  return String(headers['webhook-signature'])
    .split(' ')
    .includes(new Webhook(secret).sign(id, sentAt, body));
}
