import type { AppStack } from '../app/app.stack.ts';
import type { DataStack } from '../data/data.stack.ts';
import type { EventsStack } from '../events/events.stack.ts';
import type { NetworkStack } from '../network/network.stack.ts';

/** The stacks that the alarms and the dashboard monitor. */
export interface MonitoredStacks {
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly events: EventsStack;
  readonly app: AppStack;
}
