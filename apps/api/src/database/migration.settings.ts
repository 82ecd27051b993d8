import { Setting } from '@pikaia/core';
import { MinLength, ValidateIf } from 'class-validator';

const MIN_PASSWORD_CHARACTERS = 8;

/** The passwords that the migration task sets for the roles of the processes. Set both or neither. */
export class MigrationSettings {
  @Setting('API_DATABASE_PASSWORD', { about: "password that the migration task sets for the api's role", secret: true })
  @ValidateIf((settings: MigrationSettings) => settings.workerDatabasePassword !== undefined)
  @MinLength(MIN_PASSWORD_CHARACTERS)
  apiDatabasePassword?: string;

  @Setting('WORKER_DATABASE_PASSWORD', { about: "password that the migration task sets for the worker's role", secret: true })
  @ValidateIf((settings: MigrationSettings) => settings.apiDatabasePassword !== undefined)
  @MinLength(MIN_PASSWORD_CHARACTERS)
  workerDatabasePassword?: string;

  get passwords(): { readonly api: string; readonly worker: string } | undefined {
    const { apiDatabasePassword: api, workerDatabasePassword: worker } = this;
    return api === undefined || worker === undefined ? undefined : { api, worker };
  }
}
