import type { Page } from 'playwright-core';
import { useFixture } from '../jest/use-fixture.js';
import { System, type SystemOptions } from '../system/system.js';
import { ConsoleBrowser, type PageOptions } from './console.browser.js';

interface SignInOptions extends PageOptions {
  /** A page that exists already. By default a new one. */
  readonly page?: Page;
  /** By default that of the path. */
  readonly address?: string;
}

/** A system with the demo data, and a browser that shows its console. */
class ConsoleFixture {
  system!: System;
  browser!: ConsoleBrowser;

  constructor(private readonly options: SystemOptions) {}

  async open(): Promise<void> {
    this.browser = await ConsoleBrowser.start();
    this.system = await System.start(this.options);
  }

  async close(): Promise<void> {
    await this.browser.stop();
    await this.system.stop();
  }

  /** The address of a page of the console. */
  readonly url = (path = ''): string => `http://127.0.0.1:${this.system.api.port}/console${path}`;

  /** Opens a page of the console and signs in with the button of a demo person. */
  readonly signIn = async (name: string, path = '/', options: SignInOptions = {}): Promise<Page> => {
    const { page = await this.browser.newPage(options), address = this.url(path) } = options;
    await page.goto(address);
    await page.getByRole('button', { name }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    return page;
  };
}

/**
 * Opens a console for the tests of the calling suite, and closes its pages after each test. A test fails if a page had a fault that the
 * test does not expect.
 */
export function useConsole(options: SystemOptions = {}): ConsoleFixture {
  const fixture = useFixture(new ConsoleFixture(options));
  afterEach(async () => {
    await fixture.browser.closePages();
    expect(fixture.browser.faults.splice(0)).toEqual([]);
  });
  return fixture;
}
