import { newId } from '@pikaia/core';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { axeFindings, describeWithBrowser } from '../support/browser/console.browser.js';
import { useConsole } from '../support/browser/console.fixture.js';
import { waitFor } from '../support/time/wait-for.js';
import { COLORS, CONSOLE_PAGES, type PageIds } from './pages.js';

const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 860 },
  { width: 2560, height: 1300 },
] as const;
/** A folder for the screenshots. Without it, the pages are only checked. */
const FOLDER = process.env['PIKAIA_SCREENSHOTS'];

const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
/**
 * What is wider than the page around it, although the page itself needs no scrolling. Tables and code scroll by themselves, and a plot
 * follows a new width later.
 */
const STICKS_OUT = `(() => {
  const main = document.querySelector('main');
  const edge = main.getBoundingClientRect().right - parseFloat(getComputedStyle(main).paddingRight);
  return [...main.querySelectorAll('*:not(.scroll *, pre *, .plot-area *)')]
    .filter((element) => element.getBoundingClientRect().right > edge + 1)
    .map(({ tagName, className }) => tagName + ' ' + className);
})()`;

/** The tables that a person with a narrow screen would have to scroll sideways. */
const SIDEWAYS = `[...document.querySelectorAll('.scroll')]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1)
  .map((element) => element.ariaLabel)`;

type Cookies = Parameters<BrowserContext['addCookies']>[0];

describeWithBrowser('each page of the console', () => {
  const fixture = useConsole();
  const { url, signIn } = fixture;
  let ids: PageIds;
  const people = new Map<string, Cookies>();

  beforeAll(async () => {
    if (FOLDER !== undefined) mkdirSync(FOLDER, { recursive: true });
    const sent = await invite('erin@example.com');
    await waitFor('the email is sent', () => fixture.system.worker.linesOf('welcome_email_sent')[0]);
    const refused = await invite('x@example.com', 'carol@example.com');
    const { body } = await fixture.system.request('GET', '/admin/events?limit=1', { as: 'alice@example.com' });
    const [event] = body['data'] as { event_id: string }[];
    const entries = await fixture.system.request('GET', '/admin/audit-logs?limit=1', { as: 'alice@example.com' });
    const [entry] = entries.body['data'] as { id: string; actor_id: string }[];
    ids = { sent, refused, event: event!.event_id, entry: entry!.id, person: entry!.actor_id };
    for (const name of ['Alice Adams', 'Carol Clark', 'Olga Olsen']) people.set(name, await cookiesOf(name));
  });

  async function invite(email: string, as = 'alice@example.com'): Promise<string> {
    const id = newId();
    await fixture.system.request('POST', '/members/invitations', {
      as,
      headers: { 'x-correlation-id': id },
      body: { email, role: 'member' },
    });
    return id;
  }

  async function cookiesOf(name: string): Promise<Cookies> {
    const page = await signIn(name);
    return page.context().cookies();
  }

  it.each(CONSOLE_PAGES)('has no fault and no barrier, and fits every screen: $name', async ({ name, person, path, ready }) => {
    const problems: string[] = [];
    const page = await fixture.browser.newPage();
    if (person !== undefined) await page.context().addCookies(people.get(person)!);
    await page.goto(url(path(ids)));
    await page.getByText(ready).first().waitFor();
    for (const size of SIZES)
      for (const colorScheme of COLORS) {
        const label = `${name}-${size.width}-${colorScheme}`;
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme });
        if (FOLDER !== undefined) await page.screenshot({ path: join(FOLDER, `${label}.png`), fullPage: true });
        const overflow = await page.evaluate<number>(OVERFLOW);
        if (overflow > 0) problems.push(`${label} is ${overflow} px too wide`);
        for (const element of await page.evaluate<string[]>(STICKS_OUT)) problems.push(`${label}: ${element} sticks out`);
        if (size.width === 360)
          for (const table of await page.evaluate<string[]>(SIDEWAYS)) problems.push(`${label}: ${table} scrolls sideways`);
        // Each color and each layout once, because axe takes long.
        if (size.width === (colorScheme === 'light' ? 360 : 1_280))
          problems.push(...(await axeFindings(page)).map((finding) => `${label}: ${finding}`));
      }
    await fixture.browser.closePages();
    expect([...problems, ...fixture.browser.faults.splice(0)]).toEqual([]);
  });

  it('the checks report a page with a fault, a barrier, a violation of its policy and a table that is too wide', async () => {
    const page = await fixture.browser.newPage();
    await page.goto(url('/'));
    await page.getByText('Demo people').waitFor();
    const inlineScript = page.evaluate(
      "document.body.append(Object.assign(document.createElement('script'), { textContent: '0' }))",
    );
    await expect(inlineScript).rejects.toThrow('TrustedScript');
    await page.evaluate("document.querySelector('main').append(document.createElement('img'))");
    await page.evaluate("document.querySelector('main').setAttribute('style', 'color: red')");
    await page.evaluate("console.error('planted')");
    await page.setViewportSize(SIZES[0]);
    await page.evaluate(`(() => {
      const [region, table, row, cell] = ['div', 'table', 'tr', 'td'].map((name) => document.createElement(name));
      Object.assign(region, { className: 'scroll', role: 'region', ariaLabel: 'planted table', tabIndex: 0 });
      table.className = 'list';
      cell.textContent = 'wide '.repeat(50);
      row.append(cell);
      table.append(row);
      region.append(table);
      document.querySelector('main').append(region);
    })()`);
    expect(await page.evaluate<string[]>(SIDEWAYS)).toEqual(['planted table']);
    expect(await axeFindings(page)).toEqual([expect.stringContaining('image-alt')]);
    const faults = fixture.browser.faults.splice(0).join('\n');
    expect(faults).toContain('planted');
    expect(faults).toContain('Content Security Policy');
  });
});
