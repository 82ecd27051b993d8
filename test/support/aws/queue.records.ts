import { randomUUID } from 'node:crypto';
import type { QueueRecord } from '@pikaia/events';
import type { PutEntry } from './event-bus.stub.js';

/** The event that the target of a rule receives for an entry. EventBridge assigns it a new id. */
export const busEvent = ({ Source, DetailType, Detail, Resources, Time }: PutEntry): Record<string, unknown> => ({
  version: '0',
  id: randomUUID(),
  'detail-type': DetailType,
  source: Source,
  account: '123456789012',
  time: new Date((Time ?? 0) * 1000).toISOString(),
  region: 'eu-central-1',
  resources: Resources,
  detail: JSON.parse(Detail!) as unknown,
});

/** The record that Lambda receives from the queue behind the rule. */
export const queueRecord = (body: unknown, receives = 1): QueueRecord & { readonly receiptHandle: string } => ({
  messageId: randomUUID(),
  receiptHandle: randomUUID(),
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attributes: { ApproximateReceiveCount: String(receives) },
});
