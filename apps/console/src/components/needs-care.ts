import type { Schemas } from '../api/client.js';

type Sink = Pick<
  Schemas['OutboxStatus']['sinks'][number],
  'abandoned' | 'failing_since' | 'leader_failing_since' | 'state' | 'leader'
>;

/** Whether a sink does not deliver although it should. */
export const needsCare = (sink: Sink): boolean =>
  sink.abandoned ||
  sink.failing_since !== null ||
  sink.leader_failing_since !== null ||
  (sink.state === 'active' && sink.leader === null);
