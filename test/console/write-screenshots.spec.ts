// npm run console:screenshots: writes docs/console/*.png. npm test does not run this file, so it never changes the checkout.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { ConsoleBrowser } from '../support/browser/console.browser.js';
import { Installation } from '../start/installation.js';
import { SCREENSHOTS, type PageIds } from './pages.js';

const FOLDER = resolve(__dirname, '../../docs/console');
const DAY_MS = 86_400_000;
const LAST_DAY = Date.parse('2026-01-16'); // of the week in the screenshots, a Friday
const HEIGHTS: Readonly<Record<number, number>> = { 360: 740, 1280: 700 };
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Lists that are still read, and plots that are not drawn yet. */
const INCOMPLETE = '.spinner, figure.plot:not(:has(canvas))';

const WORKER = /"worker":"[^"]+"/g; // its host and process

const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
/** Moves a time by whole days, so that each run shows the same dates and times of day. */
const moved = (time: string | number): Date => new Date(new Date(time).getTime() - today + LAST_DAY);

/** Lets the console show the seeded week as if its last day were `LAST_DAY`, and nothing of this machine. */
async function hideTimeAndMachine(page: Page, root: string): Promise<void> {
  await page.clock.setFixedTime(moved(Date.now()));
  await page.route('**/api/v1/**', async (route) => {
    const response = await route.fetch();
    const body = (await response.text())
      .replace(TIME, (time) => moved(time).toISOString())
      .replaceAll(root, '/home/alice/pikaia')
      .replace(WORKER, '"worker":"worker-1:17"');
    await route.fulfill({ response, body });
  });
}

describe('the screenshots in docs/console', () => {
  const installation = new Installation('screenshots', { week: true });
  let browser: ConsoleBrowser;
  let ids: PageIds;
  let address: string;

  beforeAll(async () => {
    const start = await installation.start();
    expect(await start.settled()).toBe('ready');
    address = `http://127.0.0.1:${(await installation.ports()).api}`;
    const { refused } = JSON.parse(readFileSync(join(installation.root, 'var/week.json'), 'utf8')) as { refused: string };
    const token = (await installation.run('token.ts', '--email', 'alice@example.com')).stdout.trim().split('\n').at(-1);
    const read = async <Row>(path: string): Promise<[Row]> => {
      const response = await fetch(`${address}/api/v1/admin/${path}`, { headers: { authorization: `Bearer ${token}` } });
      return ((await response.json()) as { data: [Row] }).data;
    };
    const newest = async (status: string): Promise<{ event_id: string; correlation_id: string }> =>
      (await read<{ event_id: string; correlation_id: string }>(`events?event_type=member.invited&status=${status}&limit=1`))[0];
    const entries = await read<{ id: string; actor_id: string }>('audit-logs?action=member.role_changed&limit=1');
    ids = {
      sent: (await newest('published')).correlation_id,
      refused,
      event: (await newest('failed')).event_id,
      entry: entries[0].id,
      person: entries[0].actor_id,
    };
    browser = await ConsoleBrowser.start();
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER);
  });
  afterAll(async () => {
    await browser.stop();
    await installation.remove();
  });

  it.each(SCREENSHOTS)('$file', async ({ page: { person, path, ready }, width, colors, file }) => {
    const page = await browser.newPage({ width, height: HEIGHTS[width]!, colors });
    await hideTimeAndMachine(page, installation.root);
    await page.goto(`${address}/console${path(ids)}`);
    if (person !== undefined) await page.getByRole('button', { name: person }).click();
    await page.getByText(ready).first().waitFor();
    await page.locator(INCOMPLETE).first().waitFor({ state: 'detached' });
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(FOLDER, file), caret: 'hide' });
    await browser.closePages();
    expect(browser.faults.splice(0)).toEqual([]);
  });
});
