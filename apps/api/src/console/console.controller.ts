import { Controller, Get, Header, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { AllowedTo } from '../authentication/access.js';
import { Problem } from '../errors/problem.js';
import { ContentPolicy, type ContentPolicyDirectives } from '../server/security-headers.js';
import { ConsolePage, LOAD_FAILURE_SCRIPT } from './console.page.js';

/** Everything comes from this server, and nothing is inline. Text becomes code nowhere: trusted types allow no such assignment. */
const PAGE_POLICY: ContentPolicyDirectives = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'self'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
  'require-trusted-types-for': ["'script'"],
};

/** Names of files, and the folder of the assets without its slash. */
const FILE_NAME = /^\/console\/assets$|\.(?:css|gif|html?|ico|jpe?g|js|json|map|mjs|php|png|svg|txt|wasm|webp|woff2?|xml)$/i;

/** Serves the page of the console for all of its routes. ConsoleAssets serves the files below `assets/`. */
@ApiExcludeController()
@Controller('console')
@AllowedTo('public')
export class ConsoleController {
  constructor(private readonly page: ConsolePage) {}

  @Get(LOAD_FAILURE_SCRIPT)
  @Header('content-type', 'text/javascript; charset=utf-8')
  loadFailureScript(): Promise<string> {
    return this.page.loadFailureScript();
  }

  @Get(['', '*'])
  @Header('content-type', 'text/html; charset=utf-8')
  @ContentPolicy(PAGE_POLICY)
  show(@Req() { originalUrl }: FastifyRequest): Promise<string> {
    const path = originalUrl.split('?', 1)[0]!;
    if (FILE_NAME.test(path)) throw Problem.notFound('The console has no such file.');
    return this.page.html(path);
  }
}
