import { Setting } from '@pikaia/core';
import { IsInt, IsString, Max, Min } from 'class-validator';

export class WorkerSettings {
  @Setting('WORKER_PORT', { about: "port of the worker's health checks; npm start uses PORT + 1", default: '3001' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  workerPort!: number;

  @Setting('PIKAIA_VAR', { about: 'folder of keys, emails and log files in development', default: 'var' })
  @IsString()
  varDirectory!: string;
}
