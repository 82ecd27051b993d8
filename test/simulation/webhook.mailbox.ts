import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { svixHeaders, type StytchBody } from '../../apps/api/src/identity/development-notice.js';
import { stripeSignature, type StripeEvent } from '../support/http/stripe.stub.js';
import { SECRET } from '../support/system/billing.js';
import type { Call, RecordedClient } from './recorded.client.js';
import type { Step } from './day.program.js';

const RETRY_PAUSE_MS = 200;
const MAX_ROUNDS = 150;

interface Message {
  readonly step: Step;
  readonly path: '/identity/webhook' | '/billing/webhook';
  readonly id: string;
  readonly text: string;
}

/** Delivers the webhooks of Stytch and Stripe: late, repeated, in another order, and again after each failure. */
export class WebhookMailbox {
  private readonly waiting: Message[] = [];
  private delivered = 0;

  constructor(private readonly client: RecordedClient) {}

  async sendNotice(step: Step, body: StytchBody): Promise<void> {
    await this.send({ step, path: '/identity/webhook', id: `msg_${randomUUID()}`, text: JSON.stringify(body) });
  }

  async sendStripeEvent(step: Step, event: StripeEvent): Promise<void> {
    await this.send({ step, path: '/billing/webhook', id: event.id, text: JSON.stringify(event, null, 2) });
  }

  /** Delivers a late message every now and then, not the one that has waited longest. */
  async deliverLate(pick: number): Promise<void> {
    if (this.waiting.length === 0 || ++this.delivered % 3 !== 0) return;
    const [message] = this.waiting.splice(Math.floor(pick * this.waiting.length), 1);
    await this.deliver(message!);
  }

  /** Delivers everything that waits until the api has accepted it. */
  async deliverAll(): Promise<void> {
    for (let rounds = 0; this.waiting.length > 0; rounds++) {
      if (rounds === MAX_ROUNDS) throw new Error(`The api still refuses ${this.waiting.length} webhooks.`);
      const before = this.waiting.length;
      await Promise.all(this.waiting.splice(0).map((message) => this.deliver(message)));
      if (this.waiting.length >= before) await pause(RETRY_PAUSE_MS);
    }
  }

  private async send(message: Message): Promise<void> {
    switch (message.step.delivery) {
      case 'once':
        return this.deliver(message);
      case 'twice at once':
        await Promise.all([this.deliver(message), this.deliver(message)]);
        return;
      case 'late and again':
        this.waiting.push(message, message);
        return;
      case 'late':
        this.waiting.push(message);
    }
  }

  private async deliver(message: Message): Promise<void> {
    const { step, path, id, text } = message;
    const signed =
      path === '/identity/webhook' ? svixHeaders(text, { id }) : { 'stripe-signature': stripeSignature(text, [SECRET]) };
    const { status }: Call = await this.client.send({ step, method: 'POST', path, body: text, headers: signed });
    if (status !== 200) this.waiting.push(message);
  }
}
