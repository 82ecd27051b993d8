import type { AuditLogEntry } from '@pikaia/audit';
import type { Shortened } from '@pikaia/core';
import type { EventView, ReceiptView } from '@pikaia/events';
import { API_PREFIX } from '../server/api-prefix.js';

/** The mark of a shortened item of a list. */
export interface LinkedShortened extends Shortened {
  /** The path that returns the whole item. */
  readonly url: string;
}

export type Listed<Item> = Omit<Item, 'shortened'> & { readonly shortened: LinkedShortened | null };

export const listedEvent = (event: EventView): Listed<EventView> => withUrl(event, `events/${event.event_id}`);

export const listedReceipt = (receipt: ReceiptView): Listed<ReceiptView> => withUrl(receipt, `events/${receipt.event_id}`);

export const listedEntry = (entry: AuditLogEntry): Listed<AuditLogEntry> => withUrl(entry, `audit-logs/${entry.id}`);

/** Returns an item as a list shows it: with a link to the whole item if it is shortened. */
const withUrl = <Item extends { readonly shortened: Shortened | null }>(item: Item, path: string): Listed<Item> => ({
  ...item,
  shortened: item.shortened && { ...item.shortened, url: adminPath(path) },
});

export const adminPath = (path: string): string => `/${API_PREFIX}/admin/${path}`;
