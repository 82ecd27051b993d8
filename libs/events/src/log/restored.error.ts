import { PikaiaError } from '@pikaia/core';

/** The error of cursors that were written in another cluster. The transaction ids of that cluster are invalid here. */
export const outboxRestored = (sinks: readonly string[]): PikaiaError =>
  new PikaiaError(
    'PIKAIA_OUTBOX_RESTORED',
    `The cursors of ${sinks.join(', ')} come from another cluster: this database was restored from a dump, and its transaction ids start over. Stop the api and the worker, then run npm run outbox -- rebase as the owner. It loses nothing and sends nothing twice. A restored physical backup (pg_basebackup, a volume snapshot) does not need this step.`,
  );
