import { newId } from '@pikaia/core';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { axeFindings, ConsoleBrowser, describeWithBrowser } from '../support/browser/console.browser.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const TEST_TIMEOUT_MS = 120_000;
const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 860 },
  { width: 2560, height: 1300 },
] as const;
const COLORS = ['light', 'dark'] as const;
/** A folder for the screenshots. Without it, the pages are only checked. */
const FOLDER = process.env['PIKAIA_SCREENSHOTS'];

const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

type Cookies = Parameters<BrowserContext['addCookies']>[0];

describeWithBrowser('each page of the console', () => {
  let system: System;
  let browser: ConsoleBrowser;
  let sent: string;
  let failed: string;
  let event: string;
  let entry: string;
  let person: string;
  const people = new Map<string, Cookies>();

  beforeAll(async () => {
    browser = await ConsoleBrowser.start();
    system = await System.start();
    if (FOLDER !== undefined) mkdirSync(FOLDER, { recursive: true });
    sent = await invite('erin@example.com');
    await waitFor('the email is sent', () => system.worker.linesOf('welcome_email_sent')[0]);
    failed = await invite('x@example.com', 'carol@example.com');
    const { body } = await system.request('GET', '/admin/events?limit=1', { as: 'alice@example.com' });
    event = (body['data'] as { event_id: string }[])[0]!.event_id;
    const entries = await system.request('GET', '/admin/audit-logs?limit=1', { as: 'alice@example.com' });
    ({ id: entry, actor_id: person } = (entries.body['data'] as { id: string; actor_id: string }[])[0]!);
    for (const name of ['Alice Adams', 'Carol Clark', 'Olga Olsen']) people.set(name, await cookiesOf(name));
  }, TEST_TIMEOUT_MS);
  afterAll(async () => {
    await browser.stop();
    await system.stop();
  });

  async function invite(email: string, as = 'alice@example.com'): Promise<string> {
    const id = newId();
    await system.request('POST', '/members/invitations', {
      as,
      headers: { 'x-correlation-id': id },
      body: { email, role: 'member' },
    });
    return id;
  }

  const url = (path: string): string => `http://127.0.0.1:${system.api.port}/console${path}`;

  async function cookiesOf(name: string): Promise<Cookies> {
    const page = await browser.newPage();
    await page.goto(url('/'));
    await page.getByRole('button', { name }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    return page.context().cookies();
  }

  it.each<[name: string, person: string | undefined, path: () => string, ready: string]>([
    ['sign-in', undefined, () => '/', 'Demo people'],
    ['overview', 'Olga Olsen', () => '/', 'local/welcome-email'],
    ['overview-of-an-admin', 'Alice Adams', () => '/', 'Only operators and viewers of the platform see the sinks'],
    ['failed-requests', 'Olga Olsen', () => '/failed-requests', 'This route requires the role admin.'],
    ['events', 'Alice Adams', () => '/events', 'member.invited'],
    ['events-empty', 'Alice Adams', () => '/events?status=skipped', 'No event matches the filters.'],
    ['event', 'Alice Adams', () => `/events/${event}`, 'Envelope'],
    ['audit', 'Alice Adams', () => '/audit', 'member.invited'],
    ['entry', 'Alice Adams', () => `/audit/${entry}`, 'Changes'],
    ['person', 'Alice Adams', () => `/people/${person}`, 'from 127.0.0.1'],
    ['own-activity', 'Alice Adams', () => '/me', 'from 127.0.0.1'],
    ['contracts', 'Alice Adams', () => '/contracts', 'member.invited'],
    ['contract', 'Alice Adams', () => '/contracts/member.role_changed', 'Version 2'],
    ['operations', 'Olga Olsen', () => '/operations', 'The next run would remove'],
    ['operations-of-an-admin', 'Alice Adams', () => '/operations', 'No command was given yet.'],
    ['timeline', 'Alice Adams', () => `/c/${sent}`, 'welcome_email_sent'],
    ['timeline-of-a-refusal', 'Olga Olsen', () => `/c/${failed}`, 'access_denied'],
    ['timeline-empty', 'Alice Adams', () => `/c/${newId()}`, 'Nothing with this correlation id'],
    ['no-permission', 'Carol Clark', () => '/events', 'You may not see this page'],
    ['unknown', 'Alice Adams', () => '/nowhere', 'This page does not exist'],
  ])(
    'has no fault and no barrier, and fits every screen: %s',
    async (name, person, path, ready) => {
      const problems: string[] = [];
      const page = await browser.newPage();
      if (person !== undefined) await page.context().addCookies(people.get(person)!);
      await page.goto(url(path()));
      await page.getByText(ready).first().waitFor();
      for (const size of SIZES)
        for (const colorScheme of COLORS) {
          const label = `${name}-${size.width}-${colorScheme}`;
          await page.setViewportSize(size);
          await page.emulateMedia({ colorScheme });
          if (FOLDER !== undefined) await page.screenshot({ path: join(FOLDER, `${label}.png`), fullPage: true });
          const overflow = await page.evaluate<number>(OVERFLOW);
          if (overflow > 0) problems.push(`${label} is ${overflow} px too wide`);
          // Each color and each layout once, because axe takes long.
          if (size.width === (colorScheme === 'light' ? 360 : 1_280))
            problems.push(...(await axeFindings(page)).map((finding) => `${label}: ${finding}`));
        }
      await browser.closePages();
      expect([...problems, ...browser.faults.splice(0)]).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it('the checks report a page with a fault, a barrier and a violation of its policy', async () => {
    const page = await browser.newPage();
    await page.goto(url('/'));
    await page.getByText('Demo people').waitFor();
    const inlineScript = page.evaluate(
      "document.body.append(Object.assign(document.createElement('script'), { textContent: '0' }))",
    );
    await expect(inlineScript).rejects.toThrow('TrustedScript');
    await page.evaluate("document.querySelector('main').append(document.createElement('img'))");
    await page.evaluate("document.querySelector('main').setAttribute('style', 'color: red')");
    await page.evaluate("console.error('planted')");
    expect(await axeFindings(page)).toEqual([expect.stringContaining('image-alt')]);
    const faults = browser.faults.splice(0).join('\n');
    expect(faults).toContain('planted');
    expect(faults).toContain('Content Security Policy');
  });
});
