import { context } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { Logger } from 'typeorm';

const logger = getLogger('typeorm');

/**
 * Writes messages of TypeORM as log records. It never logs statements or their parameters. A failed statement throws an error,
 * and the code that handles the error logs it once. `measureQueries` logs slow statements.
 */
export class TypeOrmLog implements Logger {
  logQuery(): void {}

  logQueryError(): void {}

  logQuerySlow(): void {}

  logSchemaBuild(message: string): void {
    logger.info('typeorm_message', { message });
  }

  logMigration(message: string): void {
    logger.info('typeorm_message', { message });
  }

  /**
   * Writes the record without a context. An error of an idle connection is reported in the context of the request that opened the
   * connection, which ended before.
   */
  log(level: 'log' | 'info' | 'warn', message: unknown): void {
    context.exit(() => {
      if (level === 'warn') logger.warning('typeorm_message', { message });
      else logger.info('typeorm_message', { message });
    });
  }
}
