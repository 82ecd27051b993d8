import { Setting } from '@pikaia/core';
import { MinLength, ValidateIf } from 'class-validator';

const SHORTEST = 8;

/** What the migration task gives the roles of the processes: both passwords, or neither. */
export class MigrationSettings {
  @Setting('API_DATABASE_PASSWORD', { about: "password that the migration task gives the api's role", secret: true })
  @ValidateIf((settings: MigrationSettings) => settings.workerDatabasePassword !== undefined)
  @MinLength(SHORTEST)
  apiDatabasePassword?: string;

  @Setting('WORKER_DATABASE_PASSWORD', { about: "password that the migration task gives the worker's role", secret: true })
  @ValidateIf((settings: MigrationSettings) => settings.apiDatabasePassword !== undefined)
  @MinLength(SHORTEST)
  workerDatabasePassword?: string;

  get passwords(): { readonly api: string; readonly worker: string } | undefined {
    const { apiDatabasePassword: api, workerDatabasePassword: worker } = this;
    return api === undefined || worker === undefined ? undefined : { api, worker };
  }
}
