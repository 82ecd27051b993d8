import { newId } from '@pikaia/core';
import type { BrowserContext, Locator, Page, Route } from 'playwright-core';
import { axeFindings, describeWithBrowser } from '../support/browser/console.browser.js';
import { useConsole } from '../support/browser/console.fixture.js';
import { readDocument } from '../support/openapi/document.js';
import { pollUntil } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin
const OLGA = 'olga@example.com'; // an operator
const VERA = 'vera@example.com'; // a viewer
const MAIL = 'local/welcome-email';
const CACHE = 'local/permissions-cache';
const GONE = 'local/renamed';
const MAX_TABS = 150;
const { ReasonRequest } = readDocument().components['schemas'] as {
  ReasonRequest: { properties: { reason: { maxLength: number } } };
};
const MAX_REASON = ReasonRequest.properties.reason.maxLength;

interface Entry {
  readonly action: string;
  readonly actor_email: string;
  readonly diff: { readonly new: Readonly<Record<string, unknown>> };
}

describeWithBrowser('the operations page', () => {
  const fixture = useConsole({ worker: false, environment: { OUTBOX_POLL_INTERVAL_MS: '200' } });
  const { url } = fixture;
  let member: string;
  let failed: string;
  const cookies = new Map<string, Parameters<BrowserContext['addCookies']>[0]>();

  beforeAll(async () => {
    await fixture.system.query(
      `insert into organizations_user (id, email, email_key, name, operator, provider_id)
       values ($1, 'oscar@example.com', 'oscar@example.com', 'Oscar Obi', true, 'operator-test-2')`,
      [newId()],
    );
    ({ member, event: failed } = await invite('erin@example.com'));
    // The cache has given up the invitation of Erin. Its worker finds this when it starts, and holds back what follows.
    await fixture.system.query(
      `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, event_type, schema_version,
         aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload)
       select $1, event_id, position, 'failed', 10, 'Error: no row for erin@example.com', event_type, schema_version, aggregate_type,
         aggregate_id, organization_id, correlation_id, occurred_at, payload from outbox.outbox_log where event_id = $2`,
      [CACHE, failed],
    );
    await fixture.system.startWorker();
    await fixture.system.request('PATCH', `/members/${member}`, { as: ALICE, body: { role: 'admin' } });
    await pollUntil(async () => (await eventsAt(CACHE, 'waiting')).length === 1);
    await pollUntil(async () => (await get('/admin/outbox/housekeeping')).status === 200);
  });

  const get = (path: string, as = OLGA) => fixture.system.request('GET', path, { as });
  const post = (path: string, as: string, body: object) => fixture.system.request('POST', path, { as, body });
  const dataOf = async <T>(path: string): Promise<T[]> => (await get(path)).body['data'] as T[];
  const eventsAt = (sink: string, status: string) =>
    dataOf<{ event_id: string }>(`/admin/events?sink=${encodeURIComponent(sink)}&status=${status}`);
  const stateOf = async (name: string): Promise<unknown> =>
    ((await get('/admin/outbox')).body['sinks'] as { name: string; state: string }[]).find((sink) => sink.name === name)!.state;

  async function invite(email: string): Promise<{ member: string; event: string }> {
    const { body } = await post('/members/invitations', ALICE, { email, role: 'member' });
    const [row] = await fixture.system.query<{ event_id: string }>(
      'select event_id from outbox.outbox_log where aggregate_id = $1',
      [body['id']],
    );
    return { member: String(body['id']), event: row!.event_id };
  }

  /** Opens a page as a person, who signs in once. */
  async function signIn(name: string, path = '/operations'): Promise<Page> {
    const page = await fixture.browser.newPage();
    const known = cookies.get(name);
    if (known) await page.context().addCookies(known);
    await page.goto(url(path));
    if (!known) await page.getByRole('button', { name }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    cookies.set(name, await page.context().cookies());
    return page;
  }

  const card = (page: Page, sink: string): Locator => page.getByRole('listitem', { name: sink, exact: true });
  const figure = (page: Page, sink: string, name: string): Locator =>
    card(page, sink).locator('.figures div', { hasText: name }).locator('dd');
  const dialogOf = (page: Page, name: string): Locator => page.getByRole('dialog', { name });

  /** Opens the dialog of an action on a sink and types the reason. */
  async function prepare(page: Page, action: string, sink: string, reason: string): Promise<Locator> {
    await page.getByRole('button', { name: `${action} ${sink}` }).click();
    const dialog = dialogOf(page, `${action} ${sink}`);
    await dialog.getByLabel('Reason').fill(reason);
    return dialog;
  }

  /** Opens the dialog of an action on a sink, types the reason and submits it. */
  async function act(page: Page, action: string, sink: string, reason: string): Promise<Locator> {
    const dialog = await prepare(page, action, sink, reason);
    await dialog.getByRole('button', { name: action, exact: true }).click();
    return dialog;
  }

  it('pauses a sink and resumes it: its backlog grows and drains, and the audit log has the reasons', async () => {
    const page = await signIn('Olga Olsen');
    const paused = await act(page, 'Pause', MAIL, '  The mail provider is down.  ');
    await paused.getByText('The sink is paused.').waitFor();
    await paused.getByRole('button', { name: 'Close' }).click();
    await card(page, MAIL).getByText('paused', { exact: true }).waitFor();
    await invite('backlog@example.com');
    await figure(page, MAIL, 'Backlog').getByText('1', { exact: true }).waitFor();
    const resumed = await act(page, 'Resume', MAIL, 'It is back.');
    await resumed.getByText('The sink is active.').waitFor();
    await figure(page, MAIL, 'Backlog').getByText('0', { exact: true }).waitFor();
    await resumed.getByRole('link', { name: 'Audit entry' }).click();
    await page.getByRole('link', { name: 'sink.resume_requested' }).waitFor();
    const entries = await dataOf<Entry>(`/admin/audit-logs?aggregate_type=sink&aggregate_id=${encodeURIComponent(MAIL)}`);
    expect(entries.map(({ action, actor_email: who, diff }) => [action, who, diff.new['reason']])).toEqual([
      ['sink.resume_requested', OLGA, 'It is back.'],
      ['sink.pause_requested', OLGA, 'The mail provider is down.'],
    ]);
  });

  it('sends nothing without a reason, and keeps it when the api fails; a repeat starts no second command', async () => {
    const page = await signIn('Olga Olsen');
    const keys: (string | undefined)[] = [];
    const answers = ['lost', 'refused'];
    const fail = async (route: Route): Promise<void> => {
      keys.push(route.request().headers()['idempotency-key']);
      const answer = answers.shift();
      if (answer === undefined) return route.continue();
      if (answer === 'refused')
        return route.fulfill({
          status: 409,
          contentType: 'application/problem+json',
          body: JSON.stringify({ title: 'Conflict', detail: 'planted' }),
        });
      await route.fetch(); // the api has paused the sink, and the browser never learns it
      await route.abort();
    };
    await page.route('**/pause', fail);
    await page.getByRole('button', { name: `Pause ${MAIL}` }).click();
    const dialog = dialogOf(page, `Pause ${MAIL}`);
    const [reason, submit] = [dialog.getByLabel('Reason'), dialog.getByRole('button', { name: 'Pause', exact: true })];
    expect(Number(await reason.getAttribute('maxlength'))).toBe(MAX_REASON);
    await reason.fill('   ');
    await submit.click();
    expect(keys).toEqual([]);
    expect(await dialog.locator('input:invalid').count()).toBe(1);
    await reason.fill('A lost response.');
    await submit.click();
    await dialog.getByText('The server cannot be reached.').waitFor();
    await submit.click();
    await dialog.getByText('planted').waitFor();
    expect(await reason.inputValue()).toBe('A lost response.');
    await submit.click();
    await dialog.getByText('The sink was already paused. Nothing changed.').waitFor();
    expect([keys[1] === keys[0], keys[2] === keys[1]]).toEqual([true, false]); // an answer that was received ends the key
    fixture.browser.expectFaults(/net::ERR_FAILED|status of 409/);
    await post(`/admin/outbox/sinks/${MAIL}/resume`, OLGA, {});
    await pollUntil(async () => (await stateOf(MAIL)) === 'active');
  });

  it('tells the second of two operators who pause a sink at once that nothing changed', async () => {
    const pages = [await signIn('Olga Olsen'), await signIn('Oscar Obi')];
    const dialogs = await Promise.all(pages.map((page, index) => prepare(page, 'Pause', MAIL, `Reason ${index}`)));
    await Promise.all(dialogs.map((dialog) => dialog.getByRole('button', { name: 'Pause', exact: true }).click()));
    const answers = await Promise.all(dialogs.map((dialog) => dialog.getByText(/^The sink (is|was already) paused/).innerText()));
    expect(answers.toSorted()).toEqual(['The sink is paused.', 'The sink was already paused. Nothing changed.']);
    const [first] = pages;
    await dialogs[0]!.getByRole('button', { name: 'Close' }).click();
    const commands = first!.getByRole('list', { name: 'Recent commands' });
    await commands.getByRole('link', { name: 'oscar@example.com' }).waitFor();
    await commands.getByText('Reason 1').waitFor();
    await (await act(first!, 'Resume', MAIL, 'Done.')).getByText('The sink is active.').waitFor();
  });

  it('shows a viewer each action as disabled with the reason, and the api refuses the viewer', async () => {
    const page = await signIn('Vera Vance');
    const pause = page.getByRole('button', { name: `Pause ${MAIL}` });
    expect([await pause.getAttribute('aria-disabled'), await pause.getAttribute('title')]).toEqual([
      'true',
      'Your role is viewer. Only operators of the platform can do this.',
    ]);
    await pause.focus();
    await card(page, MAIL).getByRole('tooltip').first().getByText('Only operators').waitFor();
    await page.keyboard.press('Enter');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page
      .getByRole('button', { name: `Skip member.invited at ${CACHE}` })
      .and(page.locator('[aria-disabled=true]'))
      .waitFor();
    expect((await post(`/admin/outbox/sinks/${MAIL}/pause`, VERA, { reason: 'I am curious.' })).status).toBe(403);
    expect((await post(`/admin/events/${failed}/skip`, VERA, { reason: 'I am curious.' })).status).toBe(403);
    expect(await stateOf(MAIL)).toBe('active');
  });

  it('shows an admin the commands of the organization, and that skipping is for operators', async () => {
    const { body } = await post('/admin/events/replay', ALICE, { filter: { event_type: 'member.invited' }, reason: 'A count.' });
    expect(body['status']).toBe('pending');
    const page = await signIn('Alice Adams');
    await page.getByText('Only operators and viewers of the platform see sinks and workers').waitFor();
    await page.getByText('A count.').waitFor();
    expect(await page.getByText('The mail provider is down.').count()).toBe(0);
    await page.goto(url(`/events/${failed}`));
    const skip = page.getByRole('button', { name: 'Skip member.invited' });
    expect(await skip.getAttribute('title')).toBe('Your role is admin. Only operators of the platform can do this.');
  });

  it('shows the workers with their sinks, and what housekeeping would remove', async () => {
    const page = await signIn('Olga Olsen');
    const row = page.getByRole('region', { name: 'Table of workers' }).getByRole('row', { name: /:\d+ running/ });
    await row.getByText(MAIL).waitFor();
    await page
      .getByRole('region', { name: 'Housekeeping' })
      .getByText(/^Next run: /)
      .waitFor();
    await page.getByText('Nothing is old enough to be removed.').waitFor();
  });

  it('skips a failed event from the list of blocked objects, and delivers what waited behind it', async () => {
    const page = await signIn('Olga Olsen');
    const table = page.getByRole('region', { name: 'Table of blocked objects' });
    await table
      .getByRole('row', { name: /member\.invited local\/permissions-cache .* 1 .*Error: no row for \[masked\]/ })
      .waitFor();
    await table.getByRole('link', { name: 'member.invited' }).click();
    await page.getByRole('button', { name: 'Skip member.invited' }).waitFor();
    await page.goBack();
    await table.getByRole('button', { name: 'Skip' }).click();
    const dialog = dialogOf(page, 'Skip member.invited');
    await dialog.getByText(`The event is given up at ${CACHE}`).waitFor();
    await dialog.getByLabel('Reason').fill('The row is gone.');
    await page.keyboard.press('Enter');
    await dialog.getByText('The event is skipped. It was failed.').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByText('No failed event holds others back.').waitFor();
    await pollUntil(
      async () => (await eventsAt(CACHE, 'published')).length > 0 && (await eventsAt(CACHE, 'waiting')).length === 0,
    );
    const entries = await dataOf<Entry>(`/admin/audit-logs?aggregate_id=${failed}`);
    expect(entries).toMatchObject([
      { action: 'event.skip_requested', diff: { new: { reason: 'The row is gone.', sinks: [CACHE] } } },
    ]);
  });

  it('retires a sink only after its name was typed, and says why the leader refuses to drop a type that it handles', async () => {
    await fixture.system.query(`insert into outbox.outbox_sink (name) values ($1)`, [GONE]);
    await fixture.system.query(
      `insert into outbox.outbox_progress (sink, number, position, snapshot, worker) values ($1, 0, 0, pg_current_snapshot(), 'test')`,
      [GONE],
    );
    const page = await signIn('Olga Olsen');
    expect(await page.getByRole('button', { name: `Retire ${MAIL}` }).getAttribute('title')).toContain('Pause it first.');
    await page.getByRole('button', { name: `Retire ${GONE}` }).click();
    const retire = dialogOf(page, `Retire ${GONE}`);
    await retire.getByLabel('Reason').fill('Its consumer was renamed.');
    await retire.getByLabel(/Type .* to confirm/).fill(MAIL);
    await page.keyboard.press('Enter');
    expect([await stateOf(GONE), await retire.getByRole('button', { name: 'Retire' }).count()]).toEqual(['active', 1]);
    await retire.getByLabel(/Type .* to confirm/).fill(GONE);
    await page.keyboard.press('Enter');
    await retire.getByText('The sink is retired.').waitFor();
    await retire.getByRole('button', { name: 'Close' }).click();
    await page.getByText(`Retired: ${GONE}`).waitFor();

    await page.getByRole('button', { name: `Drop type of ${MAIL}` }).click();
    const drop = dialogOf(page, `Drop an event type of ${MAIL}`);
    await drop.getByRole('combobox', { name: 'Event type' }).selectOption('member.invited');
    await drop.getByLabel('Reason').fill('To see the answer.');
    await drop.getByLabel(/Type .* to confirm/).fill(MAIL);
    await page.keyboard.press('Enter');
    await drop.getByText(`The worker that leads ${MAIL} handles member.invited.`).waitFor();
  });

  it('cancels a replay that is running', async () => {
    const emails = Array.from({ length: 40 }, (_, index) => `replayed-${index}@example.com`); // so that the replay takes 40 seconds
    await Promise.all(emails.map(invite));
    await pollUntil(async () => (await eventsAt(MAIL, 'pending')).length === 0);
    await post('/admin/events/replay', OLGA, {
      filter: { event_type: 'member.invited', status: 'published' },
      sink: MAIL,
      dry_run: false,
      rate: 1,
    });
    const page = await signIn('Olga Olsen');
    const requests: string[] = [];
    page.on('request', (request) => requests.push(new URL(request.url()).pathname));
    await page.getByRole('progressbar').waitFor();
    await page.waitForResponse(/\/outbox\/commands$/);
    expect(requests.filter((path) => /\/commands\/./.test(path))).toEqual([]); // the list says how far each command is
    await page.getByRole('button', { name: /^Cancel the replay of events with .*event type member\.invited/ }).click();
    const dialog = dialogOf(page, 'Cancel the replay');
    await dialog.getByLabel('Reason').fill('Not now.');
    await page.keyboard.press('Enter');
    await dialog.getByText('The replay is canceled.').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: /^Cancel the replay/ }).waitFor({ state: 'detached' });
  });

  it('is used by keyboard alone', async () => {
    const page = await signIn('Olga Olsen', '/');
    const focused = (): Promise<string | null> =>
      page.evaluate<string | null>("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent");
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await card(page, MAIL).waitFor();
    async function open(action: string): Promise<Locator> {
      for (let tabs = 0; (await focused()) !== `${action} ${MAIL}`; tabs++) {
        expect(tabs).toBeLessThan(MAX_TABS);
        await page.keyboard.press('Tab');
      }
      await page.keyboard.press('Enter');
      const dialog = dialogOf(page, `${action} ${MAIL}`);
      await dialog.waitFor();
      return dialog;
    }
    await open('Pause');
    await page.keyboard.press('Escape');
    await dialogOf(page, `Pause ${MAIL}`).waitFor({ state: 'detached' });
    expect(await focused()).toBe(`Pause ${MAIL}`);
    for (const action of ['Pause', 'Resume']) {
      const dialog = await open(action);
      await page.keyboard.type('By keyboard.');
      await page.keyboard.press('Enter');
      await dialog.getByText(action === 'Pause' ? 'The sink is paused.' : 'The sink is active.').waitFor();
      await page.keyboard.press('Enter'); // the button that closes the dialog has the focus
      await dialog.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: `${action === 'Pause' ? 'Resume' : 'Pause'} ${MAIL}` }).waitFor();
    }
    expect(await focused()).toBe(`Pause ${MAIL}`);
  });

  it('leaves the focus on a button that becomes enabled', async () => {
    const page = await signIn('Olga Olsen');
    const retire = page.getByRole('button', { name: `Retire ${MAIL}` });
    await retire.and(page.locator('[aria-disabled=true]')).focus();
    await post(`/admin/outbox/sinks/${MAIL}/pause`, OLGA, { reason: 'For the focus.' });
    await retire.and(page.locator(':not([aria-disabled])')).waitFor();
    expect(await page.evaluate<string | null>("document.activeElement.getAttribute('aria-label')")).toBe(`Retire ${MAIL}`);
    await post(`/admin/outbox/sinks/${MAIL}/resume`, OLGA, { reason: 'It was tested.' });
    await retire.and(page.locator('[aria-disabled=true]')).waitFor();
  });

  it('has no barrier in its dialog, and fits each screen, in light and dark', async () => {
    const page = await signIn('Olga Olsen');
    await page.getByRole('button', { name: `Drop type of ${MAIL}` }).click();
    await dialogOf(page, `Drop an event type of ${MAIL}`).waitFor();
    for (const width of [360, 1_280])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        expect([width, colorScheme, await page.evaluate<number>(overflow), await axeFindings(page)]).toEqual([
          width,
          colorScheme,
          0,
          [],
        ]);
      }
  });
});
