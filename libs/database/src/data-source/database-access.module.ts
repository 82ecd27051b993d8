import { type InjectionToken, Module, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { PikaiaError } from '@pikaia/core';
import { DATA_SOURCE, DATABASE_ACCESS, OPENED_ACCESS, OPENED_DATA_SOURCE, throwLast } from './database.access.js';

/**
 * Gives a module of the libraries `DATA_SOURCE` and `DATABASE_ACCESS`. Without DatabaseModule the application does not start, and the
 * error says what to import, whatever the order of the imports is.
 *
 * @throws PikaiaError `PIKAIA_DATABASE_MODULE_MISSING`.
 */
@Module({
  providers: [required(DATA_SOURCE, OPENED_DATA_SOURCE), required(DATABASE_ACCESS, OPENED_ACCESS)],
  exports: [DATA_SOURCE, DATABASE_ACCESS],
})
export class DatabaseAccessModule {}

function required(provide: InjectionToken, opened: InjectionToken): Provider {
  return {
    provide,
    inject: [{ token: opened, optional: true }, ModulesContainer],
    useFactory: (value: unknown, modules: ModulesContainer) => {
      if (!isDatabaseOpened(modules)) throw isOpenedByOtherCopy(modules) ? otherCopyError() : databaseMissing();
      return value ?? throwLast(databaseMissing());
    },
  };
}

const tokensOf = (modules: ModulesContainer): InjectionToken[] =>
  [...modules.values()].flatMap(({ providers }) => [...providers.keys()]);

/** Whether a module of the application opens or joins a data source. */
export const isDatabaseOpened = (modules: ModulesContainer): boolean => tokensOf(modules).includes(OPENED_ACCESS);

const isOpenedByOtherCopy = (modules: ModulesContainer): boolean =>
  tokensOf(modules).some((token) => String(token) === String(OPENED_ACCESS));

export const databaseMissing = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_MODULE_MISSING',
    'No module provides the database. Import DatabaseModule.forRoot(…) or, in an application that has a TypeOrmModule, DatabaseModule.forExisting(…) of @pikaia/database in the root module.',
  );

const otherCopyError = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_MODULE_MISSING',
    'The DatabaseModule of this application belongs to another copy of @pikaia/database than its other modules. Run "npm ls @pikaia/database", and install the same version of all Pikaia packages.',
  );
