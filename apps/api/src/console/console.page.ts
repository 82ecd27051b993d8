import { Inject, Injectable } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../errors/problem.js';

/** Injects the folder of the built console. */
export const CONSOLE_FOLDER = Symbol('pikaia.console-folder');

/** Reports files of another build. It has the same name in every build, so it is not one of the assets with a hash in their names. */
export const LOAD_FAILURE_SCRIPT = 'load-failure.js';

const BASE = '<base href="./" />';

/**
 * The page of the console, which is the same for all of its routes. Its `base` element makes all addresses relative to the requested
 * path, so that the console works behind a proxy that adds a path prefix which the api does not know.
 */
@Injectable()
export class ConsolePage {
  constructor(@Inject(CONSOLE_FOLDER) private readonly folder: string) {}

  /**
   * @param path the path of the request, such as `/console/events/42`.
   * @throws Problem 404 if the console is not built.
   */
  async html(path: string): Promise<string> {
    const page = await this.read('index.html');
    return page.replace(BASE, `<base href="${baseOf(path)}" />`);
  }

  /** @throws Problem 404 if the console is not built. */
  loadFailureScript(): Promise<string> {
    return this.read(LOAD_FAILURE_SCRIPT);
  }

  /** Reads the file for each request, so that a new build is served without a restart. */
  private async read(name: string): Promise<string> {
    try {
      return await readFile(join(this.folder, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw Problem.notFound('The console is not built. Run npm run build:console.');
    }
  }
}

/** The relative URL from a page of the console to `/console/`. */
export function baseOf(path: string): string {
  const [, , ...below] = path.split('/');
  if (below.length === 0) return 'console/';
  return below.length === 1 ? './' : '../'.repeat(below.length - 1);
}
