import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';
import type { AxeResults } from 'axe-core';
import { pollUntil } from '../time/wait-for.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-sync',
];
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

interface FoundBrowser {
  readonly path?: string;
  readonly libraries?: string;
}

const found = JSON.parse(execFileSync(process.execPath, [join(__dirname, 'chromium.mjs')], { encoding: 'utf8' })) as FoundBrowser;

/** `describe` where a browser can be had, or in CI, where it must be. Otherwise the tests are skipped by name. */
export const describeWithBrowser = found.path !== undefined || process.env['CI'] === 'true' ? describe : describe.skip;

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colors?: 'light' | 'dark';
}

/** A browser that collects everything that is wrong with the pages it shows. */
export class ConsoleBrowser {
  /** Errors in the browser's console, uncaught errors, and violations of the content security policy. */
  readonly faults: string[] = [];
  private readonly contexts: BrowserContext[] = [];

  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<ConsoleBrowser> {
    if (found.path === undefined) throw new Error('No Chromium runs here. Install one, or name it in PIKAIA_CHROMIUM.');
    const env = { ...process.env, ...(found.libraries !== undefined && { LD_LIBRARY_PATH: found.libraries }) };
    return new ConsoleBrowser(
      await chromium.launch({ executablePath: found.path, args: FLAGS, env: env as Record<string, string> }),
    );
  }

  /** Opens a page with separate cookies. */
  async newPage({ width = 1280, height = 800, colors = 'light' }: PageOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({
      viewport: { width, height },
      colorScheme: colors,
      reducedMotion: 'reduce',
      timezoneId: 'UTC',
    });
    this.contexts.push(context);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.faults.push(`${page.url()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.faults.push(`${page.url()}: ${error.stack ?? error.message}`));
    return page;
  }

  /** Removes faults that a test expects, such as the refusal of an expired session. Returns their number. */
  expectFaults(pattern: RegExp): number {
    const expected = this.faults.filter((fault) => pattern.test(fault));
    this.faults.splice(0, Infinity, ...this.faults.filter((fault) => !pattern.test(fault)));
    return expected.length;
  }

  async closePages(): Promise<void> {
    for (const context of this.contexts.splice(0)) await context.close();
  }

  async stop(): Promise<void> {
    await this.closePages();
    await this.browser.close();
  }
}

/** Advances the clock of a page, which must be installed, until an element is visible: polls and retries happen at once. */
export async function advanceUntilVisible(element: Locator): Promise<void> {
  await pollUntil(async () => {
    if (await element.isVisible()) return true;
    await element.page().clock.runFor(1_000);
    return false;
  });
}

/** The findings of axe on a page, each with the elements. The policy of the page allows no inline script, so axe runs beside it. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html}\n${failureSummary}`),
  );
}
