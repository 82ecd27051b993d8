import { newId } from '@pikaia/core';
import type { Page } from 'playwright-core';
import { axeFindings, ConsoleBrowser, describeWithBrowser } from '../support/browser/console.browser.js';
import { System } from '../support/system/system.js';

const TEST_TIMEOUT_MS = 120_000;

describeWithBrowser('the console in a browser', () => {
  let system: System;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    browser = await ConsoleBrowser.start();
    system = await System.start();
  }, TEST_TIMEOUT_MS);
  afterAll(async () => {
    await browser.stop();
    await system.stop();
  });
  afterEach(() => expect(browser.faults.splice(0)).toEqual([]));

  const url = (path: string): string => `http://127.0.0.1:${system.api.port}/console${path}`;

  async function signIn(page: Page, path: string, name: string): Promise<void> {
    await page.goto(url(path));
    await page.getByRole('button', { name }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  }

  it('signs in a demo person and shows the timeline of a request', async () => {
    const correlationId = newId();
    await system.request('POST', '/members/invitations', {
      as: 'alice@example.com',
      headers: { 'x-correlation-id': correlationId },
      body: { email: 'erin@example.com', role: 'member' },
    });
    const page = await browser.newPage();
    await signIn(page, `/c/${correlationId}`, 'Alice Adams');
    await page.getByRole('heading', { name: 'POST /api/v1/members/invitations' }).waitFor();
    await page.getByText('Was member.invited delivered?').waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
});
