import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { loadSettings } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import { API_SETTINGS } from '../api.settings.js';
import { AppModule } from '../app.module.js';
import { setPrefix } from '../server/api-prefix.js';
import { createFastifyAdapter } from '../server/fastify.adapter.js';
import { openApiDocument } from './openapi.document.js';

/** Returns the OpenAPI document of the api without starting it: Nest creates no provider, so nothing connects. */
export async function describeApi(): Promise<OpenAPIObject> {
  const [database, ...api] = loadSettings([DatabaseSettings, ...API_SETTINGS], { DATABASE_URL: 'postgres://api@localhost/none' });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot({ logging: {}, api, database }),
    createFastifyAdapter(),
    { preview: true, logger: false, abortOnError: false },
  );
  setPrefix(app);
  return openApiDocument(app);
}

/** The text of the document, as `docs/openapi.json` has it. */
export const documentText = (document: OpenAPIObject): string => `${JSON.stringify(document, null, 2)}\n`;
