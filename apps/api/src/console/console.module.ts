import fastifyStatic from '@fastify/static';
import { type DynamicModule, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { isProduction } from '@pikaia/core';
import type { DatabaseSettings } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type { FastifyInstance } from 'fastify';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { ApiSettings } from '../api.settings.js';
import { AuthenticationModule } from '../authentication/authentication.module.js';
import type { SessionSettings } from '../authentication/session.settings.js';
import { ConsoleController } from './console.controller.js';
import { CONSOLE_FOLDER, ConsolePage } from './console.page.js';
import { DemoPeopleController } from './demo-people.controller.js';
import { DemoPeople } from './demo-people.js';
import { ConsoleSessionController } from './session.controller.js';

const ASSETS_FOLDER = join(CONSOLE_FOLDER, 'assets');
const logger = getLogger('console');

/** Serves the web console and its sign-in. Without this module, all paths below `/console` respond 404. */
@Module({})
export class ConsoleModule implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost) {}

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
      providers: [ConsolePage, ...(isDevelopment ? [demoPeople] : [])],
    };
  }

  onModuleInit(): void {
    if (!existsSync(ASSETS_FOLDER)) {
      logger.warning('console_not_built', { folder: ASSETS_FOLDER });
      return;
    }
    // Not awaited: Fastify would load what is registered so far, before Nest sets the handler of errors.
    void this.host.httpAdapter.getInstance<FastifyInstance>().register(fastifyStatic, {
      root: ASSETS_FOLDER,
      prefix: '/console/assets/',
      decorateReply: false,
      index: false,
      preCompressed: true,
      immutable: true, // the name of each file contains a hash of its content
      maxAge: '1y',
    });
  }
}
