import type { ApiResponse, RequestOptions, System } from './system.js';

export interface ListedDelivery {
  readonly id: string;
  readonly kind: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly status: string;
  readonly redelivered_as: string | null;
}

/** Manages the webhook endpoints of the organization of an admin over HTTP. Paths are relative to /webhooks. */
export class WebhookAdmin {
  constructor(
    private readonly system: System,
    readonly as: string,
  ) {}

  request(method: string, path: string, body?: object, options: RequestOptions = {}): Promise<ApiResponse> {
    return this.system.request(method, `/webhooks${path}`, { as: this.as, ...(body && { body }), ...options });
  }

  /** Registers an endpoint. @returns its id and its secret. */
  async register(fields: object = {}): Promise<{ id: string; secret: string }> {
    const { status, body } = await this.request('POST', '/endpoints', { url: 'https://hooks.example.com/pikaia', ...fields });
    if (status !== 201) throw new Error(`The registration responds ${status}: ${JSON.stringify(body)}`);
    return { id: String(body['id']), secret: String(body['secret']) };
  }

  /** Lists the deliveries of an endpoint, newest first. */
  async deliveriesOf(id: string, query = 'limit=100'): Promise<ListedDelivery[]> {
    const { body } = await this.request('GET', `/endpoints/${id}/deliveries?${query}`);
    return body['data'] as ListedDelivery[];
  }

  /** Changes something that publishes an event, and waits until the event was stored for the endpoints that want it. */
  async cause(method: string, path: string, body: object): Promise<ApiResponse> {
    const answer = await this.system.request(method, path, { as: this.as, body, headers: { prefer: 'change-token' } });
    if (answer.status >= 300) throw new Error(`${method} ${path} responds ${answer.status}`);
    await this.system.waitUntilSeen('webhook-fan-out', answer);
    return answer;
  }

  /** Gives pending deliveries another status, as the sender does. */
  async settle(deliveryIds: readonly string[], status: string): Promise<void> {
    await this.system.query('update webhook_delivery set status = $2, settled_at = now() where id = any ($1)', [
      deliveryIds,
      status,
    ]);
  }
}
