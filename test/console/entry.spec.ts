import { newId } from '@pikaia/core';
import type { Page } from 'playwright-core';
import { describeWithBrowser } from '../support/browser/console.browser.js';
import { useConsole } from '../support/browser/console.fixture.js';

const ALICE = 'alice@example.com';
const OLGA = 'olga@example.com';
const SCRIPT_LINK = 'javascript:document.title=1';

describeWithBrowser('an audit entry in the console', () => {
  const fixture = useConsole();
  const { url, signIn } = fixture;

  /** Inserts an entry of Acme with any diff, as the owner of the database. */
  async function plant(diff: object, changed: readonly string[]): Promise<string> {
    const id = newId();
    await fixture.system.query(
      `insert into audit.record (id, organization_id, action, aggregate_type, aggregate_id, actor_type, actor_id, correlation_id, entry,
         entry_hash, changed)
       select $1::uuid, id::text, 'member.role_changed', 'member', $1::uuid::text, 'service', 'importer', $1::uuid, $2::text,
         sha256(convert_to($2::text, 'UTF8')), $3::text[]
       from organizations_organization where slug = 'acme'`,
      [id, JSON.stringify({ diff, personal: {} }), changed],
    );
    return id;
  }

  const row = (page: Page, field: string) =>
    page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: field, exact: true }) });
  const cells = async (page: Page, field: string): Promise<string[]> => row(page, field).getByRole('cell').allTextContents();

  it('shows old and new values side by side, and no two different values alike', async () => {
    const long = 'long text '.repeat(100).trim();
    const id = await plant(
      {
        old: { empty: '', none: null, gone: 1, text: 'null', number: 12, padded: 'a', address: { city: 'Bonn', zip: '1' }, long },
        new: {
          empty: null,
          none: '',
          came: true,
          text: null,
          number: '12',
          padded: 'a ',
          address: { city: 'Bonn', zip: '2' },
          long: '',
        },
      },
      ['address', 'came', 'empty', 'gone', 'long', 'none', 'number', 'padded', 'password', 'text'],
    );
    const page = await signIn('Alice Adams', `/audit/${id}`);
    await page.getByRole('table').waitFor();
    expect(await cells(page, 'empty')).toEqual(['~ changed', 'empty text', 'null']);
    expect(await cells(page, 'none')).toEqual(['~ changed', 'null', 'empty text']);
    expect(await cells(page, 'gone')).toEqual(['− removed', '1', 'absent']);
    expect(await cells(page, 'came')).toEqual(['+ added', 'absent', 'true']);
    expect(await cells(page, 'text')).toEqual(['~ changed', '"null"', 'null']);
    expect(await cells(page, 'number')).toEqual(['~ changed', '12', '"12"']);
    expect(await cells(page, 'padded')).toEqual(['~ changed', 'a', '"a "']);
    expect(await cells(page, 'address.zip')).toEqual(['~ changed', '"1"', '"2"']);
    expect(await row(page, 'address.city').count()).toBe(0);
    expect(await cells(page, 'password')).toEqual(['~ changed', 'not recorded', 'not recorded']);
    const value = row(page, 'long').locator('details');
    expect(await value.locator('pre').isVisible()).toBe(false);
    await value.locator('summary').click();
    expect(await value.locator('pre').textContent()).toBe(long);
  });

  it('shows who acted, when, from where and why, and leads to person, object and request', async () => {
    const { status } = await fixture.system.request('POST', '/admin/outbox/sinks/log/pause', {
      as: OLGA,
      headers: { 'user-agent': 'spec/1 (test)' },
      body: { reason: SCRIPT_LINK },
    });
    expect(status).toBe(202);
    const { body } = await fixture.system.request('GET', '/admin/audit-logs?action=sink.pause_requested&limit=1', { as: OLGA });
    const [entry] = body['data'] as { id: string; correlation_id: string; actor_id: string; created_at: string }[];
    const page = await signIn('Olga Olsen', '/audit');
    await page.getByRole('link', { name: 'sink.pause_requested' }).first().click();
    await page.getByRole('heading', { name: 'sink.pause_requested' }).waitFor();
    expect(page.url()).toBe(url(`/audit/${entry!.id}`));
    for (const fact of [SCRIPT_LINK, 'spec/1 (test)', '127.0.0.1', entry!.created_at])
      await page.getByRole('definition').filter({ hasText: fact }).waitFor();
    expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
    const addresses = await page
      .locator('main .actions a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    expect(addresses).toEqual([
      `/console/c/${entry!.correlation_id}`,
      `/console/people/${entry!.actor_id}`,
      '/console/audit?aggregate_type=sink&aggregate_id=log',
    ]);
    await page.getByRole('link', { name: 'All entries of the object' }).click();
    await page.getByRole('link', { name: 'sink.pause_requested' }).first().waitFor();
    await page
      .getByRole('textbox', { name: 'Object id' })
      .or(page.getByRole('searchbox', { name: 'Object id' }))
      .waitFor();
  });

  it('leads from an entry of a service to the audit log of the service', async () => {
    const id = await plant({ old: null, new: null }, []);
    const page = await signIn('Alice Adams', `/audit/${id}`);
    await page.getByText('The action changed no field.').waitFor();
    await page.getByRole('link', { name: 'What did this service do?' }).click();
    await page.waitForURL(url('/audit?actor_id=importer'));
    await page.getByRole('link', { name: 'member.role_changed' }).first().waitFor();
  });

  it('shows an entry whose person was erased', async () => {
    const erased = { personal: newId() };
    const id = await plant({ old: { email: erased, role: 'member' }, new: { email: erased, role: 'admin' } }, ['email', 'role']);
    const page = await signIn('Alice Adams', `/audit/${id}`);
    await page.getByRole('table').waitFor();
    expect(await cells(page, 'email')).toEqual(['~ changed', 'erased', 'erased']);
  });

  it('says that the session may not see an entry, and works again after an error', async () => {
    const id = await plant({ old: null, new: { role: 'admin' } }, ['role']);
    const page = await signIn('Alice Adams', '/nowhere');
    await page.route('**/admin/audit-logs/**', (route) => route.abort());
    await page.goto(url(`/audit/${id}`));
    await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
    await page.unroute('**/admin/audit-logs/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('rowheader', { name: 'role' }).waitFor();
    fixture.browser.expectFaults(/net::ERR_FAILED/);
    expect((await fixture.system.request('GET', `/admin/audit-logs/${id}`, { as: ALICE })).status).toBe(200);
  });
});
