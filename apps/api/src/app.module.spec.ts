import { Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { loadSettings } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestDatabase } from '../../../test/support/database/database.js';
import { createApiDatabase } from '../../../test/support/system/api-database.js';
import { API_SETTINGS } from './api.settings.js';
import { AppModule } from './app.module.js';
import { createFastifyAdapter } from './server/fastify.adapter.js';

@Controller('planted')
class PlantedController {
  @Post()
  change(): void {}
}

describe('AppModule', () => {
  let database: TestDatabase;
  let directory: string;

  beforeAll(async () => {
    database = await createApiDatabase();
    directory = mkdtempSync(join(tmpdir(), 'pikaia-app-'));
  });
  afterAll(async () => {
    await database.drop();
    rmSync(directory, { recursive: true });
  });

  async function start(controllers: readonly (new () => object)[]): Promise<void> {
    const [settings, ...api] = loadSettings([DatabaseSettings, ...API_SETTINGS], {
      DATABASE_URL: database.apiUrl,
      PIKAIA_VAR: directory,
    });
    @Module({ imports: [AppModule.forRoot({ logging: {}, api, database: settings })], controllers: [...controllers] })
    class Application {}
    const options = { logger: false, abortOnError: false, bodyParser: false } as const;
    const app = await NestFactory.create(Application, createFastifyAdapter(), options);
    try {
      await app.init();
    } finally {
      await app.close();
    }
  }

  it('has an audit declaration on each mutating route', async () => {
    await expect(start([])).resolves.toBeUndefined();
  });

  it('refuses to start with a planted mutating route that has no audit declaration', async () => {
    await expect(start([PlantedController])).rejects.toMatchObject({
      code: 'PIKAIA_AUDIT_DECLARATION_MISSING',
      message: expect.stringMatching(/: PlantedController\.change \(POST\)\. /),
    });
  });
});
