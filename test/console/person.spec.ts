import { newId } from '@pikaia/core';
import { describeWithBrowser } from '../support/browser/console.browser.js';
import { useConsole } from '../support/browser/console.fixture.js';

const MARKUP = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
const ALICE = 'alice@example.com';
const GINA = 'gina@example.com';

describeWithBrowser('a person and their activity in the console', () => {
  const fixture = useConsole();
  const { url, signIn } = fixture;

  async function invite(email: string, options: { as?: string; name?: string; headers?: Record<string, string> } = {}) {
    const { as = ALICE, name, headers = {} } = options;
    const { status } = await fixture.system.request('POST', '/members/invitations', {
      as,
      headers,
      body: { email, role: 'member', ...(name !== undefined && { name }) },
    });
    expect(status).toBe(201);
  }

  async function userId(email: string): Promise<string> {
    const [user] = await fixture.system.query<{ id: string }>('select id from organizations_user where email_key = $1', [email]);
    return user!.id;
  }

  it('answers what a user did: from the overview by clicks alone', async () => {
    await invite('erin@example.com');
    const page = await signIn('Alice Adams');
    await page.getByRole('region', { name: 'Newest events' }).getByRole('link', { name: 'member.invited' }).first().click();
    await page.getByRole('button', { name: /audit member\.invited/ }).click();
    await page.getByRole('link', { name: 'What did this person do?' }).click();
    await page.getByRole('heading', { name: 'Alice Adams' }).waitFor();
    expect(page.url()).toBe(url(`/people/${await userId(ALICE)}`));
    await page.getByRole('row', { name: /Acme admin active/ }).waitFor();
    const entry = page.getByRole('listitem').filter({ hasText: /own action member\.invited on member/ });
    await entry.first().waitFor();
    const event = page.getByRole('listitem').filter({ hasText: 'event member.invited published' });
    await event.first().waitFor();
    await entry.first().getByRole('link', { name: 'member.invited' }).click();
    await page.getByRole('heading', { name: 'member.invited' }).waitFor();
    expect(page.url()).toContain('/console/audit/');
    await page.goBack();
    await event.first().getByRole('link', { name: 'member.invited' }).click();
    await page.getByRole('heading', { name: 'Deliveries' }).waitFor();
    await page.getByRole('link', { name: 'What did this person do?' }).click();
    await page.getByRole('heading', { name: 'Alice Adams' }).waitFor();
    await entry.first().getByRole('link', { name: 'timeline' }).click();
    await page.getByRole('heading', { name: 'POST /api/v1/members/invitations 201' }).waitFor();
  });

  it('tells what was done to a person from what they did, and keeps its filters in the address', async () => {
    await fixture.system.request('PATCH', '/me', { as: 'carol@example.com', body: { name: `Carol ${newId().slice(-4)}` } });
    const [carol] = await fixture.system.query<{ id: string }>(
      `select id from organizations_member where email = 'carol@example.com'`,
    );
    for (const role of ['admin', 'member'])
      expect((await fixture.system.request('PATCH', `/members/${carol!.id}`, { as: ALICE, body: { role } })).status).toBe(200);
    const page = await signIn('Alice Adams', `/people/${await userId('carol@example.com')}`);
    const own = page.getByRole('listitem').filter({ hasText: 'own action user.profile_updated' });
    const others = page.getByRole('listitem').filter({ hasText: /by others member\.role_changed .* by alice@example\.com/ });
    await own.waitFor();
    await others.first().waitFor();
    await page.getByRole('combobox', { name: 'Whose actions' }).selectOption('own_actions');
    await others.first().waitFor({ state: 'detached' });
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('events');
    await page.getByText('user.profile_updated').first().waitFor();
    expect(await own.count()).toBe(0);
    expect(new URL(page.url()).search).toBe('?involvement=own_actions&kind=events');
    await page.reload();
    await page.getByRole('listitem').filter({ hasText: 'event user.profile_updated' }).waitFor();
    await page.getByLabel('To', { exact: true }).fill('2026-01-31');
    await page.getByText('No activity matches the filters.').waitFor();
    await page.getByLabel('From', { exact: true }).fill('2026-02-28');
    await page.getByText('from must not be after to').waitFor();
    expect(fixture.browser.expectFaults(/status of 400/)).toBeGreaterThan(0);
  });

  it('ignores days, kinds and other filters of an address that do not exist', async () => {
    const page = await signIn(
      'Alice Adams',
      `/people/${await userId(ALICE)}?from=2026-02-31&to=%3Cb%3E&kind=x&involvement=toString`,
    );
    await page.getByRole('listitem').filter({ hasText: 'own action member.invited' }).first().waitFor();
    await page.getByRole('listitem').filter({ hasText: 'event member.invited' }).first().waitFor();
  });

  it('shows older activity page by page, each entry once', async () => {
    for (let index = 0; index < 22; index++) await invite(`many-${index}@example.com`);
    const page = await signIn('Alice Adams', `/people/${await userId(ALICE)}?kind=entries&involvement=own_actions`);
    await page.getByRole('button', { name: 'Show older activity' }).click();
    const links = page.locator('.activity a.row-link');
    await links.nth(21).waitFor();
    const addresses = await links.evaluateAll((found) => found.map((link) => link.getAttribute('href')));
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it('shows an admin only their own organization, and nothing of a person or an entry of another one', async () => {
    await invite('carol@example.com', { as: GINA, name: 'Carol at Globex' });
    const [entry] = await fixture.system.query<{ id: string }>(
      `select r.id from audit.record r join organizations_organization o on o.id::text = r.organization_id where o.slug = 'acme' limit 1`,
    );
    const page = await signIn('Gina Grant', `/people/${await userId('carol@example.com')}`);
    await page.getByRole('heading', { name: 'Carol at Globex' }).waitFor();
    await page.getByRole('row', { name: /Globex member invited/ }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'member.invited' }).first().waitFor();
    expect(await page.locator('main').textContent()).not.toMatch(/Acme|role_changed|alice@/);
    for (const [path, heading] of [
      [`/people/${await userId(ALICE)}`, 'No person with this id that you may see'],
      [`/people/${newId()}`, 'No person with this id that you may see'],
      ['/people/nobody', 'No person with this id that you may see'],
      [`/audit/${entry!.id}`, 'No audit entry with this id that you may see'],
    ] as const) {
      await page.goto(url(path));
      await page.getByRole('heading', { name: heading }).waitFor();
      expect(await page.locator('main').textContent()).not.toMatch(/Acme|Alice|alice@/);
    }
    expect(fixture.browser.expectFaults(/status of 40[04]/)).toBeGreaterThan(0);
  });

  it('shows operators a person without name and address, in all organizations', async () => {
    const page = await signIn('Vera Vance', `/people/${await userId('carol@example.com')}`);
    await page.getByRole('heading', { name: 'Masked person' }).waitFor();
    await page.getByRole('row', { name: /Acme/ }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'by others member.role_changed' }).first().waitFor();
    expect(await page.locator('main').textContent()).not.toMatch(/@example\.com|Carol/);
  });

  it('shows a member their own activity, and requests nothing else', async () => {
    const page = await fixture.browser.newPage();
    const requested: string[] = [];
    page.on('request', (request) => requested.push(new URL(request.url()).pathname));
    await page.goto(url('/'));
    await page.getByRole('button', { name: 'carol@example.com' }).click();
    await page.getByRole('heading', { name: 'You may not see this page' }).waitFor();
    await page.getByRole('button', { name: /member$/ }).click();
    await page.getByRole('link', { name: 'Your activity' }).click();
    await page.getByRole('heading', { name: 'Your activity' }).waitFor();
    expect(await page.locator('#user-menu:popover-open').count()).toBe(0);
    await page.getByRole('listitem').filter({ hasText: 'own action user.profile_updated' }).first().waitFor();
    await page.getByRole('listitem').filter({ hasText: 'by others member.role_changed' }).first().waitFor();
    expect(await page.locator('main a').count()).toBe(0);
    expect(requested.filter((path) => path.includes('/admin/'))).toEqual([]);
    await page.goto(url(`/people/${await userId(ALICE)}`));
    await page.getByRole('heading', { name: 'You may not see this page' }).waitFor();
    expect(requested.filter((path) => path.includes('/admin/'))).toEqual([]);
  });

  it('leads an admin from their own activity to its entries, and is opened by keyboard', async () => {
    const page = await signIn('Alice Adams', '/nowhere');
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.getByRole('heading', { name: 'Your activity' }).waitFor();
    await page.locator('.activity a.row-link').first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Changes' }).waitFor();
  });

  it.each([
    ['an email address', () => 'carol@example.com', /\/people\/[\da-f-]{36}$/],
    ['the id of a person', () => userId('carol@example.com'), /\/people\/[\da-f-]{36}$/],
    ['the id of an audit entry', () => entryId(), /\/audit\/[\da-f-]{36}$/],
  ])('finds %s by the search field', async (_what, text, address) => {
    const page = await signIn('Alice Adams', '/nowhere');
    await page.keyboard.press('/');
    await page.keyboard.type((await text()).toUpperCase());
    await page.keyboard.press('Enter');
    await page.waitForURL(address);
  });

  const entryId = async (): Promise<string> => {
    const { body } = await fixture.system.request('GET', '/admin/audit-logs?limit=1', { as: ALICE });
    return (body['data'] as { id: string }[])[0]!.id;
  };

  it('shows names and user agents with markup as text', async () => {
    await fixture.system.request('PATCH', '/me', { as: ALICE, headers: { 'user-agent': MARKUP }, body: { name: MARKUP } });
    const page = await signIn(MARKUP, `/people/${await userId(ALICE)}`);
    await page.getByRole('heading', { name: MARKUP }).waitFor();
    await page.locator('.activity').first().waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).toBe(`${MARKUP} · Pikaia console`);
    await page.locator('.activity a.row-link', { hasText: 'user.profile_updated' }).first().click();
    await page.getByRole('definition').filter({ hasText: MARKUP }).waitFor();
    await page.getByRole('cell', { name: MARKUP }).waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
  });
});
