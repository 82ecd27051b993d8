import type { Page } from 'playwright-core';
import { describeWithBrowser } from '../support/browser/console.browser.js';
import { useConsole } from '../support/browser/console.fixture.js';
import { waitFor } from '../support/time/wait-for.js';

const MISSING = /status of 404|Refused to apply style/;
const ADVICE = 'The console cannot be loaded';
/** The address of a script or style of the entry; the hash is part of its name. */
const ENTRY = /assets\/index-[\w-]+\.(?=js|css)/g;

/** During a rolling deployment, the servers behind one address have different builds. */
describeWithBrowser('the console while the server has another build than the page', () => {
  const fixture = useConsole({ worker: false });
  const { url } = fixture;
  let page: Page;
  let loads: number;

  beforeEach(async () => {
    page = await fixture.browser.newPage();
    loads = 0;
    page.on('request', (request) => (loads += Number(request.isNavigationRequest())));
  });

  /** Serves the page of another build, whose scripts and styles the api does not have, as the first pages of the tab. */
  async function serveOtherBuilds(names: string[]): Promise<void> {
    await page.route(url(), async (route) => {
      const response = await route.fetch();
      const name = names.shift();
      const body = (await response.text()).replace(ENTRY, (entry) => (name === undefined ? entry : `assets/index-${name}.`));
      return route.fulfill({ response, body });
    });
  }

  it('reloads the page once and then works', async () => {
    await serveOtherBuilds(['old']);
    await page.goto(url());
    await page.getByRole('heading', { name: 'Demo people' }).waitFor();
    expect(loads).toBe(2);
    expect(fixture.browser.expectFaults(MISSING)).toBeGreaterThan(0);
  });

  it('reloads the page again if the next one is of a third build', async () => {
    await serveOtherBuilds(['old', 'older']);
    await page.goto(url());
    await page.getByRole('heading', { name: 'Demo people' }).waitFor();
    expect(loads).toBe(3);
    expect(fixture.browser.expectFaults(MISSING)).toBeGreaterThan(0);
  });

  it('says what to do if the reload does not help, never loops, and works when the person reloads it later', async () => {
    await serveOtherBuilds(['old', 'old']);
    await page.goto(url());
    await waitFor('the page is reloaded', () => loads === 2);
    await page.getByRole('heading', { name: ADVICE }).waitFor();
    await page.getByText('wait a minute and reload the page').waitFor();
    expect(loads).toBe(2);
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.getByRole('heading', { name: 'Demo people' }).waitFor();
    expect(loads).toBe(3);
    expect(fixture.browser.expectFaults(MISSING)).toBeGreaterThan(0);
  });

  it('says what to do and does not leave the page while the server cannot be reached', async () => {
    await page.route('**/assets/index-*.js', (route) => route.abort());
    await page.route(url('/'), (route) => route.abort()); // the question whether the server can be reached
    await page.goto(url());
    await page.getByRole('heading', { name: ADVICE }).waitFor();
    expect(fixture.browser.expectFaults(/net::ERR_FAILED/)).toBeGreaterThan(0);
    expect(loads).toBe(1);
  });

  it('reloads an open page once if a script that it loads later is missing, and then offers to reload it', async () => {
    await page.goto(url());
    await page.getByRole('button', { name: 'Alice Adams' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.route('**/assets/events.page-*.js', (route) => route.fulfill({ status: 404 }));
    await page.getByRole('link', { name: 'Events', exact: true }).click();
    await waitFor('the page is reloaded', () => loads === 2);
    await page.getByText('The page cannot be shown.').waitFor();
    expect([loads, page.url()]).toEqual([2, url('/events')]);
    await page.unroute('**/assets/events.page-*.js');
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.getByRole('heading', { name: 'Events' }).waitFor();
    expect(fixture.browser.expectFaults(/status of 404|dynamically imported module/)).toBeGreaterThan(0);
  });
});
