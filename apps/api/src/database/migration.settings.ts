import { OptionalField, Setting } from '@pikaia/core';
import type { RolePasswords } from '@pikaia/database';
import { MinLength, ValidateIf } from 'class-validator';

const MIN_PASSWORD_CHARACTERS = 8;

/** The passwords that the migration task sets for the roles of the processes. Set both or neither; the third is optional. */
export class MigrationSettings {
  @Setting('API_DATABASE_PASSWORD', { about: "password that the migration task sets for the api's role", secret: true })
  @ValidateIf((settings: MigrationSettings) => settings.workerDatabasePassword !== undefined)
  @MinLength(MIN_PASSWORD_CHARACTERS)
  apiDatabasePassword?: string;

  @Setting('WORKER_DATABASE_PASSWORD', { about: "password that the migration task sets for the worker's role", secret: true })
  @ValidateIf((settings: MigrationSettings) => settings.apiDatabasePassword !== undefined)
  @MinLength(MIN_PASSWORD_CHARACTERS)
  workerDatabasePassword?: string;

  @Setting('READER_DATABASE_PASSWORD', {
    about: 'password of the role of people who read the audit log and the outbox with SQL; without it there is no such role',
    secret: true,
  })
  @OptionalField()
  @MinLength(MIN_PASSWORD_CHARACTERS)
  readerDatabasePassword?: string;

  get passwords(): RolePasswords | undefined {
    const { apiDatabasePassword: api, workerDatabasePassword: worker, readerDatabasePassword: reader } = this;
    return api === undefined || worker === undefined ? undefined : { api, worker, reader };
  }
}
