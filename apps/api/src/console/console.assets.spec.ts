import { Module } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { captureLogs } from '@pikaia/logging/testing';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProblemFilter } from '../errors/problem.filter.js';
import { createFastifyAdapter } from '../server/fastify.adapter.js';
import { ConsoleAssets } from './console.assets.js';
import { ConsoleController } from './console.controller.js';
import { CONSOLE_FOLDER, ConsolePage } from './console.page.js';

describe('the files of the console', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pikaia-console-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const build = (name: string): void => {
    mkdirSync(join(folder, 'assets'), { recursive: true });
    writeFileSync(join(folder, 'assets', `index-${name}.js`), `// ${name}`);
    writeFileSync(join(folder, 'index.html'), `<base href="./" /><script src="./assets/index-${name}.js">`);
    writeFileSync(join(folder, 'load-failure.js'), '// reloads');
  };

  async function start(): Promise<NestFastifyApplication> {
    @Module({
      controllers: [ConsoleController],
      providers: [
        ConsoleAssets,
        ConsolePage,
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: CONSOLE_FOLDER, useValue: folder },
      ],
    })
    class Files {}
    const app = await NestFactory.create<NestFastifyApplication>(Files, createFastifyAdapter(), {
      logger: false,
      bodyParser: false,
    });
    await app.init();
    return app;
  }

  it('are served as soon as they exist, also if the api starts before the console is built', async () => {
    using logs = captureLogs();
    const app = await start();
    const get = async (path: string) => {
      const { statusCode, headers, body } = await app.inject({ url: `/console${path}` });
      return { statusCode, body, type: headers['content-type'], cached: headers['cache-control'] };
    };
    try {
      expect(logs.one('console_not_built')).toMatchObject({ level: 'WARNING', folder });
      expect(await get('')).toMatchObject({ statusCode: 404, body: expect.stringContaining('The console is not built.') });
      for (const path of ['/assets/index-1.js', '/load-failure.js']) expect((await get(path)).statusCode).toBe(404);
      build('1');
      expect(await get('')).toMatchObject({ statusCode: 200, body: expect.stringContaining('index-1.js') });
      expect(await get('/assets/index-1.js')).toEqual({
        statusCode: 200,
        body: '// 1',
        type: expect.stringContaining('javascript'),
        cached: 'public, max-age=31536000, immutable',
      });
      build('2');
      expect(await get('/assets/index-2.js')).toMatchObject({ statusCode: 200, body: '// 2' });
      expect(await get('/load-failure.js')).toEqual({
        statusCode: 200,
        body: '// reloads',
        type: 'text/javascript; charset=utf-8',
        cached: 'no-store',
      });
    } finally {
      await app.close();
    }
  });

  it('cause no warning if they exist when the api starts', async () => {
    build('1');
    using logs = captureLogs();
    await (await start()).close();
    logs.none('console_not_built');
  });
});
