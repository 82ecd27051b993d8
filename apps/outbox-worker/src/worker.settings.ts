import { OptionalField, Setting } from '@pikaia/core';
import { IsInt, IsString, Matches, Max, Min } from 'class-validator';

export class WorkerSettings {
  @Setting('WORKER_PORT', { about: "port of the worker's health checks; npm start uses PORT + 1", default: '3001' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  workerPort!: number;

  @Setting('WORKER_VERSION', { about: 'version of the deployed code, such as a release or a commit, which the console shows' })
  @OptionalField()
  @Matches(/^[\x21-\x7e]{1,100}$/, { message: '$property must have 1 to 100 visible ASCII characters' })
  workerVersion?: string;

  @Setting('PIKAIA_VAR', { about: 'folder of keys, emails and log files in development', default: 'var' })
  @IsString()
  varDirectory!: string;
}
