import fastifyStatic from '@fastify/static';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { getLogger } from '@pikaia/logging';
import type { FastifyInstance } from 'fastify';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CONSOLE_FOLDER } from './console.page.js';

const logger = getLogger('console');

/** Serves the scripts and styles of the console. A build that ends after the start of the api is served too. */
@Injectable()
export class ConsoleAssets implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    @Inject(CONSOLE_FOLDER) private readonly folder: string,
  ) {}

  onModuleInit(): void {
    const root = join(this.folder, 'assets');
    if (!existsSync(root)) logger.warning('console_not_built', { folder: this.folder });
    // Not awaited: Fastify would load what is registered so far, before Nest sets the handler of errors.
    void this.host.httpAdapter.getInstance<FastifyInstance>().register(fastifyStatic, {
      root,
      suppressWarning: true, // of a folder that does not exist yet
      prefix: '/console/assets/',
      decorateReply: false,
      index: false,
      allowedPath: (path) => !path.endsWith('/'), // a folder is missing like any other name without a file
      preCompressed: true,
      immutable: true, // the name of each file contains a hash of its content
      maxAge: '1y',
    });
  }
}
