import { Injectable } from '@nestjs/common';
import { currentManager, Transactional } from '@pikaia/database';
import { REMOVE_EXPIRED, STORE_RECEIPT } from './processed-webhooks.sql.js';
import type { WebhookEvent } from './webhook.source.js';

const DAY_MS = 86_400_000;
const RETENTION_MS = 35 * DAY_MS; // Stripe retries for 3 days, and its events can be sent again by hand for 30 days
const MAX_REMOVED = 20; // per stored receipt, so the table shrinks faster than it grows

/** The receipts of incoming webhooks. A receipt is committed together with the effect of its event. */
@Injectable()
export class ProcessedWebhooks {
  /**
   * Runs `work` in the transaction that stores the receipt of the event. Concurrent calls with one event run in turn. Each new receipt
   * also removes up to 20 expired ones, so the table needs no scheduled clean-up.
   *
   * @returns `duplicate` if the event has a receipt already.
   */
  @Transactional()
  async once<T>(source: string, { id, type }: WebhookEvent, work: () => Promise<T>): Promise<T | 'duplicate'> {
    const stored = await currentManager().query<unknown[]>(STORE_RECEIPT, [source, id, type]);
    if (stored.length === 0) return 'duplicate';
    const result = await work();
    await currentManager().query(REMOVE_EXPIRED, [source, RETENTION_MS, MAX_REMOVED]);
    return result;
  }
}
