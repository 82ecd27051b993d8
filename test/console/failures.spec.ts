import { newId } from '@pikaia/core';
import type { Route } from 'playwright-core';
import { advanceUntilVisible, describeWithBrowser } from '../support/browser/console.browser.js';
import { useConsole } from '../support/browser/console.fixture.js';
import { pollUntil } from '../support/time/wait-for.js';

const ABORTED = /net::ERR_FAILED/;
const refuse = (route: Route): Promise<void> => route.abort();

describeWithBrowser('the console while something fails or changes', () => {
  const fixture = useConsole();
  const { url, signIn } = fixture;

  beforeAll(async () => {
    await invite('erin@example.com');
  });

  async function invite(email: string): Promise<string> {
    const id = newId();
    await fixture.system.request('POST', '/members/invitations', {
      as: 'alice@example.com',
      headers: { 'x-correlation-id': id },
      body: { email, role: 'member' },
    });
    return id;
  }

  it('says that the overview is old while the api does not respond, and stops saying so when it does', async () => {
    const page = await signIn('Olga Olsen');
    await page.clock.install();
    await page.reload();
    await page.getByText('Led by').first().waitFor();
    await page.getByRole('link', { name: 'member.invited' }).first().waitFor();
    await page.context().route('**/api/v1/**', refuse);
    await advanceUntilVisible(page.getByText('The page shows what was read before this error.').first());
    await advanceUntilVisible(page.getByRole('region', { name: 'Newest events' }).getByText('The server cannot be reached.'));
    await page.getByText('Led by').first().waitFor();
    await page.context().unroute('**/api/v1/**', refuse);
    await pollUntil(async () => {
      await page.clock.runFor(1_000);
      return !(await page.getByText('The server cannot be reached.').first().isVisible());
    });
    fixture.browser.expectFaults(ABORTED);
  });

  it('marks a sink that has failed events', async () => {
    const page = await fixture.browser.newPage();
    await page.route('**/api/v1/admin/overview', async (route) => {
      const response = await route.fetch();
      const status = (await response.json()) as { sinks: { name: string; failed: number }[] };
      for (const sink of status.sinks) sink.failed = sink.name === 'log' ? 2 : 0;
      await route.fulfill({ response, json: status });
    });
    await page.goto(url('/'));
    await page.getByRole('button', { name: 'Olga Olsen' }).click();
    await page.locator('.card.bad', { hasText: 'log active' }).waitFor();
    expect(await page.locator('.card.bad').count()).toBe(1);
  });

  it('does not call a timeline quiet that cannot be read, and follows it again afterwards', async () => {
    const id = await invite('quiet@example.com');
    const page = await signIn('Alice Adams', `/c/${id}`);
    await page.clock.install();
    await page.reload();
    await page.getByRole('heading', { name: 'POST /api/v1/members/invitations 201' }).waitFor();
    await page.context().route('**/api/v1/**', refuse);
    await advanceUntilVisible(page.getByText('Not live: the last read failed.'));
    await page.clock.runFor(60_000);
    expect(await page.getByText('Quiet.').count()).toBe(0);
    await page.context().unroute('**/api/v1/**', refuse);
    await advanceUntilVisible(page.getByText('Live. New entries appear by themselves.'));
    fixture.browser.expectFaults(ABORTED);
  });

  it('shows the rows of other filters as outdated until those of the new ones arrive', async () => {
    const page = await signIn('Alice Adams', '/events');
    await page.getByRole('link', { name: 'member.invited' }).first().waitFor();
    const { promise: allowed, resolve: allow } = Promise.withResolvers<void>();
    await page.route(/status=skipped/, async (route) => {
      await allowed;
      await route.continue();
    });
    await page.getByRole('combobox', { name: 'Status' }).selectOption('skipped');
    await page.locator('[aria-busy=true] table').waitFor();
    allow();
    await page.getByText('No event matches the filters.').waitFor();
    expect(await page.locator('[aria-busy=true]').count()).toBe(0);
  });

  it('keeps the focus in a filter that Enter applies', async () => {
    const page = await signIn('Alice Adams', '/events');
    await page.getByLabel('Type', { exact: true }).fill('member.nothing');
    await page.keyboard.press('Enter');
    await page.getByText('No event matches the filters.').waitFor();
    expect(await page.evaluate<string>('document.activeElement.value')).toBe('member.nothing');
    await page.getByRole('button', { name: 'Clear filters' }).click();
    expect(await page.getByLabel('Type', { exact: true }).inputValue()).toBe('');
  });

  it('shows another person in every tab as soon as one of them signs in, and the sign-in page after a sign-out', async () => {
    const first = await signIn('Alice Adams', '/events');
    await first.getByRole('link', { name: 'member.invited' }).first().waitFor();
    const second = await first.context().newPage();
    await second.goto(url('/'));
    await second.getByRole('button', { name: 'Alice Adams admin' }).click();
    await second.getByRole('button', { name: 'Sign out' }).click();
    await first.getByRole('heading', { name: 'Demo people' }).waitFor();
    await second.getByRole('button', { name: 'Gina Grant' }).click();
    await first.getByRole('button', { name: 'Gina Grant admin' }).waitFor();
    await first.getByText('No event was published yet.').waitFor();
    fixture.browser.expectFaults(/status of 401/); // a poll that was on its way during the sign-out
  });

  it('shows what a person may still see when the role changes, and the sign-in page when the person is removed', async () => {
    const { id } = (
      await fixture.system.query<{ id: string }>(`select id from organizations_member where email = 'carol@example.com'`)
    )[0]!;
    const change = (method: string, body?: object) =>
      fixture.system.request(method, `/members/${id}`, { as: 'alice@example.com', ...(body && { body }) });
    expect((await change('PATCH', { role: 'admin' })).status).toBe(200);
    const page = await signIn('Carol Clark', '/events');
    await page.clock.install();
    await page.reload();
    await page.getByRole('link', { name: 'member.role_changed' }).first().waitFor();
    await change('PATCH', { role: 'member' });
    await advanceUntilVisible(page.getByRole('heading', { name: 'You may not see this page' }));
    await change('DELETE');
    await page.reload();
    await page.getByRole('heading', { name: 'Demo people' }).waitFor();
    expect(fixture.browser.expectFaults(/status of 403/)).toBeGreaterThan(0);
    fixture.browser.expectFaults(/status of 401/); // a read that was on its way during the removal
  });

  it('leads from a search with an expired session to the sign-in', async () => {
    const page = await signIn('Alice Adams', '/nowhere'); // a page that polls nothing
    await page.context().clearCookies();
    await page.getByRole('searchbox', { name: 'Search' }).fill('bob@example.com');
    await page.keyboard.press('Enter');
    await page.getByText('Your session has ended.').waitFor();
    expect(fixture.browser.expectFaults(/status of 401/)).toBe(1);
  });

  it('works in a browser that denies its storage', async () => {
    const page = await fixture.browser.newPage();
    await page.addInitScript(
      "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } })",
    );
    await page.goto(url('/events'));
    await page.getByRole('button', { name: 'Alice Adams' }).click();
    await page.getByRole('link', { name: 'member.invited' }).first().waitFor();
    await page.getByRole('button', { name: 'Alice Adams admin' }).click();
    await page.getByLabel('Colors').selectOption('dark');
    expect(await page.evaluate<string>('document.documentElement.dataset.theme')).toBe('dark');
  });

  it('says that a sign-out failed', async () => {
    const page = await signIn('Alice Adams', '/nowhere');
    await page.route('**/console/session', refuse);
    await page.getByRole('button', { name: 'Alice Adams admin' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
    fixture.browser.expectFaults(ABORTED);
  });

  it.each([
    ['alice@example.com', /\/people\/[\da-f-]{36}$/],
    ['alice a', /\/people\/[\da-f-]{36}$/],
    ['member.invited', /\/events\?event_type=member\.invited$/],
  ])('finds %s by its search field', async (text, address) => {
    const page = await signIn('Alice Adams', '/nowhere');
    await page.keyboard.press('/');
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
    await page.waitForURL(address);
  });

  it('says that nothing matches a search, or that several people do', async () => {
    const page = await signIn('Olga Olsen', '/nowhere');
    const search = page.getByRole('searchbox', { name: 'Search' });
    await search.fill('nobody@example.com');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing with this id, address, name or type that you may see.').waitFor();
    await search.fill('a'); // Alice and Acme
    await page.keyboard.press('Enter');
    await page.getByText(/\d people or organizations match\./).waitFor();
    await page.getByRole('list', { name: 'Matches' }).getByRole('link', { name: 'Acme organization' }).click();
    await page.getByRole('heading', { name: 'Audit log' }).waitFor();
    expect(page.url()).toContain('/audit?organization_id=');
    expect([await search.inputValue(), await page.getByRole('list', { name: 'Matches' }).count()]).toEqual(['', 0]);
  });

  it('leads an admin from the id of a webhook delivery to its event', async () => {
    const as = 'alice@example.com';
    const endpoint = { url: 'https://hooks.example.com/search', event_types: ['member.removed'] };
    expect((await fixture.system.request('POST', '/webhooks/endpoints', { as, body: endpoint })).status).toBe(201);
    const { body } = await fixture.system.request('GET', '/admin/events?limit=1', { as });
    const [event] = body['data'] as { event_id: string }[];
    const [delivery] = await fixture.system.query<{ id: string }>(
      `insert into webhook_delivery (id, endpoint_id, organization_id, kind, event_id, event_type, schema_version, correlation_id, payload,
         status, settled_at)
       select gen_random_uuid(), id, organization_id, 'event', $1, 'member.removed', 1, gen_random_uuid(), '{}', 'delivered', now()
       from webhook_endpoint where deleted_at is null limit 1 returning id`,
      [event!.event_id],
    );
    const page = await signIn('Alice Adams', '/nowhere');
    await page.getByRole('searchbox', { name: 'Search' }).fill(delivery!.id);
    await page.keyboard.press('Enter');
    await page.waitForURL(url(`/events/${event!.event_id}`));
  });

  it('shows a viewer what operators see', async () => {
    const page = await signIn('Vera Vance');
    await page.getByText('Led by').first().waitFor();
  });
});
