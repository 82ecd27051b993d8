import { newId } from '@pikaia/core';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { axeFindings, describeWithBrowser } from '../support/browser/console.browser.js';
import { useConsole } from '../support/browser/console.fixture.js';
import { pollUntil, waitFor } from '../support/time/wait-for.js';

const SINK = 'local/welcome-email';
const CANVAS = "document.querySelector('.plot canvas').toDataURL()";

describeWithBrowser('the overview of the console', () => {
  const fixture = useConsole();
  const { signIn } = fixture;

  beforeAll(async () => {
    for (const email of ['erin@example.com', 'frank@example.com']) expect(await invite(email)).toBe(201);
    await pollUntil(async () => (await count(`sink=${SINK}&status=published`)) === 2);
    expect(await invite('x@example.com', 'carol@example.com')).toBe(403);
    await fixture.system.query(`alter table organizations_member add constraint planted check (email not like 'failing%')`);
    expect(await invite('failing@example.com')).toBe(500);
    // The welcome emails of both events become dead letters.
    await fixture.system.query(
      `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, fingerprint, event_type, schema_version,
         aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload)
       select $1, event_id, position, 'failed', 10, '<b>the mailbox</b> is full', 'aaaaaaaaaaaaaaaa', event_type, schema_version,
         aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload
       from outbox.outbox_log where event_type = 'member.invited'`,
      [SINK],
    );
    await fixture.system.query(
      `insert into outbox.outbox_attempt (sink, event_id, error) select sink, event_id, last_error from outbox.outbox_delivery`,
    );
    await waitFor('the lines are in the file', async () => {
      const { body } = await fixture.system.request('GET', '/admin/failed-requests', { as: 'olga@example.com' });
      return (body['data'] as unknown[]).length === 2;
    });
  });

  async function invite(email: string, as = 'alice@example.com'): Promise<number> {
    return (await fixture.system.request('POST', '/members/invitations', { as, body: { email, role: 'member' } })).status;
  }
  async function count(filter: string): Promise<unknown> {
    return (await fixture.system.request('GET', `/admin/events/count?${filter}`, { as: 'olga@example.com' })).body['count'];
  }

  it.each([
    ['Alice Adams', '403', 'It was refused with 403. request_refused: This route requires the role admin.'],
    ['Alice Adams', '500', /It failed with 500\. unhandled_error: .*check constraint "planted"/],
    ['Vera Vance', '403', 'It was refused with 403. request_refused: This route requires the role admin.'],
  ])('leads %s by clicks alone to the reason of a request with the status %s', async (name, status, reason) => {
    const page = await signIn(name);
    const request = page
      .getByRole('region', { name: 'Failed and refused requests' })
      .getByRole('listitem')
      .filter({ hasText: status });
    await request.getByRole('link', { name: 'POST /api/v1/members/invitations' }).click();
    await page.getByText(reason).waitFor();
  });

  it('shows an admin of another organization no request and no plot of it, and loads no code that draws', async () => {
    const page = await fixture.browser.newPage();
    const scripts: string[] = [];
    page.on('request', (request) => scripts.push(request.url()));
    await signIn('Gina Grant', '/', { page });
    await page.getByText('Nothing was published and nothing failed in the last hour.').waitFor();
    await page.getByText('No request has failed.').waitFor();
    await page.getByText('Newest events').waitFor();
    expect(scripts.filter((script) => /\/plot-/.test(script))).toEqual([]);
    expect(await page.content()).not.toMatch(/invitations|example\.com\/c\//);
  });

  it('draws what an organization published in the last hour and what failed, with the numbers as a table', async () => {
    const page = await signIn('Alice Adams');
    const section = page.getByRole('region', { name: 'The last hour, by minute' });
    await section.getByRole('img', { name: /^The last hour: Published events 2, .*; Failed attempts 2,/ }).waitFor();
    await section.locator('canvas').waitFor();
    await section.getByText('Numbers').click();
    const numbers = section.getByRole('table');
    await numbers.getByRole('row').nth(60).waitFor();
    expect(await numbers.getByRole('row').count()).toBe(61);
    const cells = await numbers
      .locator('tbody tr')
      .evaluateAll((rows) => rows.map((row) => (row as { innerText: string }).innerText.split('\t')));
    const sumOf = (column: number) => cells.reduce((sum, row) => sum + Number(row[column]), 0);
    expect([sumOf(1), sumOf(2)]).toEqual([2, 2]);
  });

  it('draws each sink for an operator, in the colors of the theme, and is accessible in both', async () => {
    const page = await signIn('Olga Olsen');
    await page.getByRole('img', { name: /^The last hour of local\/welcome-email: Delivered 2/ }).waitFor();
    await page.locator('.card canvas').first().waitFor();
    const light = await page.evaluate<string>(CANVAS);
    expect(await axeFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await pollUntil(async () => (await page.evaluate<string>(CANVAS)) !== light);
    await page.setViewportSize({ width: 360, height: 740 });
    await pollUntil(() => page.evaluate<boolean>("document.querySelector('.plot canvas').getBoundingClientRect().right <= 360"));
    expect(await axeFindings(page)).toEqual([]);
    await page.locator('.plot .u-over').first().hover();
    await page
      .getByText(/^at \d/)
      .first()
      .waitFor();
  });

  it('leads from each number to the list behind it', async () => {
    const page = await signIn('Olga Olsen');
    const card = page.locator('.card', { hasText: SINK });
    await card.getByRole('link', { name: SINK }).waitFor();
    const links = await card
      .getByRole('link')
      .evaluateAll((all) => all.map((link) => (link as unknown as { href: string }).href));
    expect(links.length).toBeGreaterThanOrEqual(7);
    for (const link of links) expect(new URL(link).searchParams.get('sink')).toBe(SINK);
    await card
      .locator('div', { hasText: /^Failed2$/ })
      .getByRole('link')
      .click();
    await page.getByRole('heading', { name: 'Events' }).waitFor();
    const rows = page.locator('tbody tr');
    await pollUntil(async () => (await rows.count()) === 2);
    expect(await page.getByLabel('Sink').inputValue()).toBe(SINK);
    await page.goBack();
    const group = page.getByRole('region', { name: 'Failure groups' }).getByRole('row', { name: '<b>the mailbox</b> is full' });
    await group.getByRole('link', { name: '2', exact: true }).click();
    await pollUntil(async () => (await rows.count()) === 2);
    expect(new URL(page.url()).searchParams.get('fingerprint')).toBe('aaaaaaaaaaaaaaaa');
  });

  it('lists older failed requests page by page', async () => {
    const page = await signIn('Olga Olsen');
    const lines = Array.from({ length: 120 }, (_, index) =>
      JSON.stringify({
        timestamp: new Date(1_700_000_000_000 + index).toISOString(),
        level: 'INFO',
        event: 'request_completed',
        trace_id: newId(),
        'http.method': 'DELETE',
        'http.url_details.path': `/api/v1/things/${index}`,
        'http.status_code': 409,
        duration: 1_000_000,
      }),
    );
    appendFileSync(join(fixture.system.directory, 'log', 'api.jsonl.1'), `${lines.join('\n')}\n`);
    await page.getByRole('link', { name: 'All failed requests' }).click();
    await page.getByRole('link', { name: 'DELETE /api/v1/things/119' }).waitFor();
    const older = page.getByRole('button', { name: 'Show older requests' });
    await older.click();
    await page.getByRole('link', { name: 'DELETE /api/v1/things/50' }).waitFor();
    await older.click();
    await page.getByRole('link', { name: 'DELETE /api/v1/things/0', exact: true }).waitFor();
    await older.waitFor({ state: 'detached' });
    expect(await page.getByRole('listitem').filter({ hasText: 'No log line says why.' }).count()).toBe(120);
  });
});
