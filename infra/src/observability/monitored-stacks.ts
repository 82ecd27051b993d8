import type { AppStack } from '../app/app.stack.ts';
import type { DataStack } from '../data/data.stack.ts';
import type { EventsStack } from '../events/events.stack.ts';
import type { NetworkStack } from '../network/network.stack.ts';

/** What alarms and dashboard look at. */
export interface Watched {
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly events: EventsStack;
  readonly app: AppStack;
}
