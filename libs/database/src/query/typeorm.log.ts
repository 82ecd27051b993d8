import { getLogger } from '@pikaia/logging';
import type { Logger } from 'typeorm';

const logger = getLogger('typeorm');

/**
 * What TypeORM has to say, as records. Statements and their parameters are never printed: a failed one is an error, which
 * is thrown and logged once by who decides about it, and a slow one is measured where it is sent.
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

  log(level: 'log' | 'info' | 'warn', message: unknown): void {
    if (level === 'warn') logger.warning('typeorm_message', { message });
    else logger.info('typeorm_message', { message });
  }
}
