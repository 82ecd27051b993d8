import { Injectable } from '@nestjs/common';
import { currentManager, Transactional } from '@pikaia/database';
import { REMOVE_EXPIRED, REOPEN_RECEIPT, STORE_RECEIPT } from './processed-webhooks.sql.js';
import type { WebhookEvent, WebhookOutcome } from './webhook.source.js';

const DAY_MS = 86_400_000;
const RETENTION_MS = 35 * DAY_MS; // Stripe retries for 3 days, and its events can be sent again by hand for 30 days
/** The event was not understood, or does not fit what is stored here. An operator can change that and have it sent again. */
const REPEATABLE: ReadonlySet<WebhookOutcome> = new Set([
  'unknown_type',
  'unknown_customer',
  'unreadable',
  'other_mode',
  'conflict',
]);
const MAX_REMOVED = 20; // per stored receipt, so the table shrinks faster than it grows

/** The receipts of incoming webhooks. A receipt is committed together with the effect of its event. */
@Injectable()
export class ProcessedWebhooks {
  /**
   * Runs `work` in the transaction that stores the receipt of the event. Concurrent calls with one event run in turn. Each new receipt
   * also removes up to 20 expired ones, so the table needs no scheduled clean-up.
   *
   * @returns `duplicate` if the event was processed already. An event with an outcome of `REPEATABLE` can be processed again.
   */
  @Transactional()
  async once(source: string, { id, type }: WebhookEvent, work: () => Promise<WebhookOutcome>): Promise<WebhookOutcome> {
    const stored = await currentManager().query<unknown[]>(STORE_RECEIPT, [source, id, type]);
    if (stored.length === 0) return 'duplicate';
    const outcome = await work();
    if (REPEATABLE.has(outcome)) await currentManager().query(REOPEN_RECEIPT, [source, id]);
    await currentManager().query(REMOVE_EXPIRED, [source, RETENTION_MS, MAX_REMOVED]);
    return outcome;
  }
}
