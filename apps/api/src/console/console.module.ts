import { type DynamicModule, Module } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { isProduction } from '@pikaia/core';
import type { DatabaseSettings } from '@pikaia/database';
import { fileURLToPath } from 'node:url';
import type { DataSource } from 'typeorm';
import { ApiSettings } from '../api.settings.js';
import { AuthenticationModule } from '../authentication/authentication.module.js';
import type { SessionSettings } from '../authentication/session.settings.js';
import { ConsoleAssets } from './console.assets.js';
import { ConsoleController } from './console.controller.js';
import { CONSOLE_FOLDER, ConsolePage } from './console.page.js';
import { DemoPeopleController } from './demo-people.controller.js';
import { DemoPeople } from './demo-people.js';
import { ConsoleSessionController } from './session.controller.js';

const BUILT_CONSOLE = fileURLToPath(new URL('../../../console/dist', import.meta.url));

/** Serves the web console and its sign-in. Without this module, all paths below `/console` respond 404. */
@Module({})
export class ConsoleModule {
  static forRoot({ sessionJwksUrl }: SessionSettings, { databaseUrl }: DatabaseSettings): DynamicModule {
    const isDevelopment = !isProduction() && sessionJwksUrl === undefined;
    const demoPeople = {
      provide: DemoPeople,
      inject: [getDataSourceToken(), ApiSettings],
      useFactory: (source: DataSource, { varDirectory }: ApiSettings) => new DemoPeople(source, databaseUrl, varDirectory),
    };
    return {
      module: ConsoleModule,
      imports: [AuthenticationModule],
      // The most specific path first: ConsoleController answers all others.
      controllers: [ConsoleSessionController, ...(isDevelopment ? [DemoPeopleController] : []), ConsoleController],
      providers: [
        ConsolePage,
        ConsoleAssets,
        { provide: CONSOLE_FOLDER, useValue: BUILT_CONSOLE },
        ...(isDevelopment ? [demoPeople] : []),
      ],
    };
  }
}
