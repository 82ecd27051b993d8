import type { Page } from 'playwright-core';
import { describeWithBrowser } from '../support/browser/console.browser.js';
import { useConsole } from '../support/browser/console.fixture.js';

const MARKUP = '<img src=x onerror="document.title=1">';

describeWithBrowser('the contracts and saved views of the console', () => {
  const fixture = useConsole();
  const { url, signIn } = fixture;

  beforeAll(async () => {
    const { status } = await fixture.system.request('POST', '/members/invitations', {
      as: 'alice@example.com',
      body: { email: 'erin@example.com', role: 'member' },
    });
    expect(status).toBe(201);
  });

  describe('the contracts', () => {
    it('are reached by keyboard, filtered by text and audience in the address, and each has its own address', async () => {
      const page = await signIn('Alice Adams', '/nowhere');
      await page.keyboard.press('g');
      await page.keyboard.press('c');
      const types = page.getByRole('region', { name: 'Table of contracts' }).getByRole('link');
      await types.first().waitFor();
      expect(await types.count()).toBeGreaterThan(10);
      await page.getByLabel('Audience').selectOption('internal');
      await page.getByRole('link', { name: 'member.invited' }).waitFor({ state: 'detached' });
      await page.getByRole('link', { name: 'organization.created' }).waitFor();
      await page.getByLabel('Audience').selectOption('customers');
      await page.getByLabel('Text').fill('INVITED_AT  welcome');
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'member.joined' }).waitFor({ state: 'detached' });
      expect(await types.allTextContents()).toEqual(['member.invited']);
      expect(new URL(page.url()).search).toBe('?audience=customers&text=INVITED_AT++welcome');
      await page.reload();
      await types.first().click();
      await page.getByRole('heading', { name: 'member.invited customers' }).waitFor();
      expect(page.url()).toBe(url('/contracts/member.invited'));
    });

    it('show fields with types, what is required and personal, a copyable example, producers and consumers', async () => {
      const page = await signIn('Vera Vance', '/contracts/member.invited');
      await page.getByRole('row', { name: 'email email address yes personal', exact: true }).waitFor();
      await page.getByRole('row', { name: /^invited_by\.name text of at most 200 characters no personal/ }).waitFor();
      await page.getByRole('row', { name: /^role member or admin yes no/ }).waitFor();
      await page.getByRole('region', { name: 'Producers' }).getByText('POST /api/v1/members/invitations').first().waitFor();
      await page.getByRole('region', { name: 'Consumers' }).getByText('local/welcome-email').waitFor();
      await page.locator('.json', { hasText: '"event_id"' }).getByRole('button', { name: 'Copy' }).click();
      await page.getByRole('button', { name: 'Copied' }).waitFor();
      const copied = JSON.parse(await page.evaluate<string>('navigator.clipboard.readText()')) as object;
      expect(copied).toMatchObject({ event_type: 'member.invited', data: { role: 'member' } });
    });

    it('show an older version as deprecated, with what replaces it', async () => {
      const page = await signIn('Alice Adams', '/contracts/member.role_changed');
      await page.getByRole('heading', { name: 'Version 2 current' }).waitFor();
      await page.getByText('Version 1 deprecated').click();
      await page.getByText('Version 2 replaces it').waitFor();
      await page.getByRole('region', { name: 'Fields of Version 1' }).waitFor();
    });

    it('lead to the events of a type, and an event to its contract', async () => {
      const page = await signIn('Alice Adams', '/contracts/member.invited');
      await page.getByRole('link', { name: 'Events of this type' }).click();
      await page.waitForURL(url('/events?event_type=member.invited'));
      const { body } = await fixture.system.request('GET', '/admin/events?event_type=member.invited&limit=1', {
        as: 'alice@example.com',
      });
      await page.goto(url(`/events/${(body['data'] as { event_id: string }[])[0]!.event_id}`));
      await page.getByRole('link', { name: 'Contract', exact: true }).click();
      await page.waitForURL(url('/contracts/member.invited'));
    });

    it('say that a type has none, whatever the address contains', async () => {
      const page = await signIn('Alice Adams', `/contracts/${encodeURIComponent('<img onerror>')}`);
      await page.getByRole('heading', { name: 'No contract of this type' }).waitFor();
      await page.getByText('<img onerror>').waitFor();
      expect(await page.locator('main img').count()).toBe(0);
    });

    it('are not read for a member', async () => {
      const page = await fixture.browser.newPage();
      const requested: string[] = [];
      page.on('request', (request) => requested.push(new URL(request.url()).pathname));
      await page.goto(url('/contracts'));
      await page.getByRole('button', { name: 'Carol Clark' }).click();
      await page.getByRole('heading', { name: 'You may not see this page' }).waitFor();
      expect(requested.filter((path) => path.includes('/admin/'))).toEqual([]);
    });
  });

  describe('saved views', () => {
    const views = (page: Page) => page.getByRole('list', { name: 'Saved views' });
    const shown = (page: Page) => views(page).getByRole('link').allTextContents();

    async function save(page: Page, name: string): Promise<void> {
      await page.getByLabel('Name of a view with the current filters').fill(name);
      await page.getByRole('button', { name: 'Save', exact: true }).click();
    }

    it('are saved, picked, renamed and deleted, and no two have one name', async () => {
      const page = await signIn('Alice Adams', '/events?status=failed');
      await page.getByRole('button', { name: 'Save as a view' }).click();
      await save(page, ' ');
      await page.getByRole('alert').getByText('The view needs a name.').waitFor();
      await save(page, `  ${MARKUP} `);
      await page.getByRole('button', { name: `Delete ${MARKUP}` }).waitFor();
      await save(page, MARKUP.toUpperCase());
      await page.getByRole('alert').getByText('Another view has this name.').waitFor();
      await page.getByRole('button', { name: 'Close' }).click();
      expect(await views(page).locator('img').count()).toBe(0);
      expect(await views(page).getByRole('link', { name: MARKUP }).getAttribute('aria-current')).toBe('true');
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await page.waitForURL(url('/events'));
      await views(page).getByRole('link', { name: MARKUP }).click();
      await page.waitForURL(url('/events?status=failed'));
      expect(await page.getByRole('combobox', { name: 'Status' }).inputValue()).toBe('failed');
      await page.getByRole('button', { name: 'Edit views' }).click();
      await page.getByLabel(`New name of ${MARKUP}`).fill('Failed');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Delete Failed' }).waitFor();
      await page.reload();
      await views(page).waitFor();
      expect(await shown(page)).toEqual(['Failed']);
      await page.getByRole('link', { name: 'Audit log' }).click();
      await page.getByRole('button', { name: 'Save as a view' }).click();
      await page.getByText('To save a view, close this dialog and set a filter.').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: 'Events' }).click();
      await page.getByRole('button', { name: 'Edit views' }).click();
      await page.getByRole('button', { name: 'Delete Failed' }).click();
      await page.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: 'Save as a view' }).waitFor();
    });

    it('appear in another tab of the person, and not for another person on the same browser', async () => {
      const page = await signIn('Alice Adams', '/audit?action=member.*');
      const other = await page.context().newPage();
      await other.goto(url('/audit'));
      await page.getByRole('button', { name: 'Save as a view' }).click();
      await save(page, 'Members');
      await views(other).getByRole('link', { name: 'Members' }).waitFor();
      await other.close();
      await page.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: 'Alice Adams admin' }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('button', { name: 'Gina Grant' }).click();
      await page.getByRole('button', { name: 'Save as a view' }).waitFor();
      expect(await page.content()).not.toContain('Members');
    });

    it.each(['{', '[{"name":"Kept","filters":{"status":"failed"}},null,{"name":7}]', '"\u2028"'])(
      'never break the page: storage with %s',
      async (text) => {
        const page = await signIn('Alice Adams', '/events?status=failed');
        await page.getByRole('button', { name: 'Save as a view' }).click();
        await save(page, 'Mine');
        const key = (await page.evaluate<string[]>('Object.keys(localStorage)')).find((name) =>
          name.startsWith('pikaia-views:'),
        )!;
        await page.evaluate<void>(`localStorage.setItem(${JSON.stringify(key)}, ${JSON.stringify(text)})`);
        await page.reload();
        await page.getByRole('heading', { name: 'Events' }).waitFor();
        if (text.includes('Kept')) {
          await views(page).waitFor();
          expect(await shown(page)).toEqual(['Kept']);
        } else await page.getByRole('button', { name: 'Save as a view' }).waitFor();
      },
    );

    it('say that the browser has no space left, and keep the page', async () => {
      const page = await signIn('Alice Adams', '/events?status=failed');
      await page.evaluate('Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); }');
      await page.getByRole('button', { name: 'Save as a view' }).click();
      await save(page, 'Mine');
      await page.getByRole('alert').getByText('The browser has no space left for the view, or denies it.').waitFor();
    });
  });
});
