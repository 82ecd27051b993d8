import { PikaiaError } from '@pikaia/core';

/** The cursors of these sinks were written in another cluster, whose transaction ids mean nothing here. */
export const outboxRestored = (sinks: readonly string[]): PikaiaError =>
  new PikaiaError(
    'PIKAIA_OUTBOX_RESTORED',
    `The cursors of ${sinks.join(', ')} come from another cluster: this database was restored from a dump, and its transaction ids start anew. Stop api and worker and run npm run outbox -- rebase as the owner; nothing is lost or sent twice then. A physical backup (pg_basebackup, a snapshot of the volume) would need none of it.`,
  );
