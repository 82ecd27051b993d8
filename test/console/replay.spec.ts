import { newId } from '@pikaia/core';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { axeFindings, describeWithBrowser } from '../support/browser/console.browser.js';
import { useConsole } from '../support/browser/console.fixture.js';
import { pollUntil } from '../support/time/wait-for.js';

const SINK = 'local/fragile';
const CONSUMER = pathToFileURL(resolve(__dirname, '../support/system/fragile-consumer.mjs')).href;
const FIRST_POSITION = '9007199254740993'; // as a number, it would be 9007199254740992

const SLOW_EVENTS = 100; // so many seconds, so that a busy machine does not end the replay before the test cancels it

const OPERATOR = 'Olga Olsen';
const ADMIN = 'Alice Adams';
const VIEWER = 'Vera Vance';

interface Invited {
  readonly event: string;
  readonly member: string;
}

describeWithBrowser('replays in the console', () => {
  const fixture = useConsole({ worker: false });
  const { url, signIn } = fixture;
  let file: string;

  beforeAll(async () => {
    file = join(fixture.system.directory, 'fragile');
    await fixture.system.query(`alter sequence outbox.outbox_position restart with ${FIRST_POSITION}`);
    await fixture.system.startWorker({
      NODE_OPTIONS: `--import ${CONSUMER}`,
      FRAGILE_FILE: file,
      OUTBOX_POLL_INTERVAL_MS: '200',
    });
  });

  const breakConsumer = (error: string) => writeFileSync(file, error);
  const mendConsumer = () => rmSync(file);
  const handled = (): unknown[] => fixture.system.worker.linesOf('fragile_handled').map((line) => line['seen_event']);

  /** Invites people in a request each, and returns the events, in the order of the invitations. */
  async function invite(count: number): Promise<Invited[]> {
    const invited: Invited[] = [];
    for (let n = 0; n < count; n++) {
      const { body } = await fixture.system.request('POST', '/members/invitations', {
        as: 'alice@example.com',
        body: { email: `${newId()}@example.com`, role: 'member' },
      });
      const member = String(body['id']);
      const found = await fixture.system.request('GET', `/admin/events?aggregate_id=${member}`, { as: 'alice@example.com' });
      invited.push({ event: (found.body['data'] as { event_id: string }[])[0]!.event_id, member });
    }
    return invited;
  }

  async function waitForStatus(event: string, status: string): Promise<void> {
    await pollUntil(async () => {
      const { body } = await fixture.system.request('GET', `/admin/events/${event}`, { as: 'olga@example.com' });
      return body['status'] === status;
    });
  }

  /** Invites people while the consumer is broken, and mends it. */
  async function failedEvents(count: number, error: string): Promise<Invited[]> {
    breakConsumer(error);
    const invited = await invite(count);
    for (const { event } of invited) await waitForStatus(event, 'failed');
    mendConsumer();
    return invited;
  }

  async function start(page: Page, reason: string): Promise<void> {
    await page.getByLabel('Reason').fill(reason);
    await page.getByRole('dialog').getByRole('button', { name: 'Replay', exact: true }).click();
  }

  it('replays a failed event after a dry run, and the event arrives', async () => {
    breakConsumer('no connection');
    const [failed] = (await invite(1)) as [Invited];
    await waitForStatus(failed.event, 'failed');
    await fixture.system.request('PATCH', `/members/${failed.member}`, { as: 'alice@example.com', body: { role: 'admin' } });
    const page = await signIn(OPERATOR, `/events?status=failed&aggregate_id=${failed.member}`);
    await page.getByRole('cell', { name: 'Error: no connection' }).waitFor();
    await page.getByRole('link', { name: 'failed: the event' }).click();
    await page.getByRole('cell', { name: 'Error: no connection' }).first().waitFor();
    await page.getByText(/later event of the same object wait/).waitFor();
    await page.getByRole('link', { name: '1 later event' }).click();
    await page.getByRole('link', { name: 'waiting: the event' }).click();
    await page.getByRole('link', { name: 'an earlier event of the same object' }).click();
    await page.waitForURL(url(`/events/${failed.event}`));
    mendConsumer();
    await page.getByRole('button', { name: 'Replay' }).click();
    const dryRun = page.getByRole('list', { name: 'Dry run' });
    await dryRun.getByText(`${SINK}: 1 failed event retried.`).waitFor();
    await dryRun.getByText('local/welcome-email: 1 event sent again.').waitFor();
    await page.getByRole('combobox', { name: 'Sink' }).selectOption(SINK);
    expect(await dryRun.getByRole('listitem').count()).toBe(1);
    await start(page, 'The consumer is mended.');
    await page.getByRole('dialog').getByText('1 matched, 1 retried.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('row', { name: new RegExp(`${SINK} published`) }).waitFor();
    await waitForStatus(failed.event, 'published');
    expect(handled()).toContain(failed.event);
    const { body } = await fixture.system.request('GET', `/admin/audit-logs?aggregate_id=${failed.event}`, {
      as: 'olga@example.com',
    });
    expect(body['data']).toMatchObject([
      { action: 'event.replay_requested', diff: { new: { reason: 'The consumer is mended.', sinks: [SINK] } } },
    ]);
  });

  it('replays a selection, and does not update the list meanwhile', async () => {
    const events = await failedEvents(5, 'no disk');
    const page = await signIn(OPERATOR, '/events?status=failed&error=no+disk');
    const boxes = page.getByRole('checkbox', { name: /^Select member\.invited/ });
    await boxes.nth(4).waitFor();
    await boxes.nth(0).check();
    await boxes.nth(2).click({ modifiers: ['Shift'] });
    await page.getByText('3 events selected. The list is not updated meanwhile.').waitFor();
    await page.getByRole('checkbox', { name: 'Select all loaded events' }).check();
    await page.getByText('5 events selected.').waitFor();
    await boxes.nth(0).uncheck();
    await boxes.nth(1).uncheck();
    await page.getByRole('button', { name: 'Replay the selection' }).click();
    await page.getByRole('dialog', { name: 'Replay 3 selected events' }).waitFor();
    await page.getByText(`${SINK}: 3 failed events retried.`).waitFor();
    await start(page, 'The consumer is mended.');
    await page.getByRole('dialog').getByText('3 matched, 3 retried.').waitFor();
    for (const { event } of events.slice(0, 3)) await waitForStatus(event, 'published'); // the list has the newest first
    for (const { event } of events.slice(3)) await waitForStatus(event, 'failed');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByText('2 events match.').waitFor();
    await page.getByRole('button', { name: 'Replay all that match' }).click();
    await start(page, 'The rest of them.');
    await page.getByText('No event matches the filters.').waitFor({ state: 'attached' });
  });

  it('replays all that match at a rate, shows the progress to other operators, and cancels half-way', async () => {
    const people = Array.from({ length: SLOW_EVENTS }, () => ({ email: `${newId()}@example.com`, role: 'member' }));
    await fixture.system.request('POST', '/members/invitations/bulk', { as: 'alice@example.com', body: { invitations: people } });
    const page = await signIn(ADMIN, '/events?event_type=member.invited');
    await page.getByRole('button', { name: 'Replay all that match' }).click();
    const dialog = page.getByRole('dialog', { name: 'Replay all events that match the filters' });
    await dialog.getByText(new RegExp(`${SINK}: \\d+ events? sent again`)).waitFor();
    await dialog.getByRole('combobox', { name: 'Sink' }).selectOption(SINK);
    await dialog.getByLabel('Events per second').fill('0');
    await dialog.getByText('The rate must be a whole number from 1 to 100,000.').waitFor();
    await dialog.getByLabel('Events per second').fill('1');
    await start(page, 'A slow replay.');
    await dialog.getByText(/^[1-9]\d* of \d+ events, \d+\.\d per second of at most 1, about .* left$/).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    const banner = page.getByRole('region', { name: 'Running replays' });
    await banner.getByText(/^You replay events with event type member\.invited since .*: A slow replay\.$/).waitFor();

    const other = await signIn(OPERATOR, '/events');
    const theirs = other.getByRole('region', { name: 'Running replays' });
    await theirs.getByText('alice@example.com replays events with event type member.invited').waitFor();
    await theirs.getByText('A slow replay.').waitFor();
    await theirs.getByRole('button', { name: 'Cancel the replay' }).click();
    await other.getByLabel('Reason').fill('Too slow.');
    await other.getByRole('dialog').getByRole('button', { name: 'Cancel the replay' }).click();
    await other.getByText('The replay is canceled.').waitFor();
    await theirs.waitFor({ state: 'detached' });
    await banner.waitFor({ state: 'detached' });
    const { body } = await fixture.system.request('GET', '/admin/outbox/commands?command=replay&limit=1', {
      as: 'olga@example.com',
    });
    const [{ answer, expected }] = (body['data'] as { sinks: { answer: { sent: number }; expected: number }[] }[])[0]!.sinks as [
      { answer: { sent: number }; expected: number },
    ];
    expect(answer).toMatchObject({ outcome: 'done', canceled: true });
    expect(answer.sent).toBeGreaterThan(0);
    expect(answer.sent).toBeLessThan(expected);
  });

  it('says that a dry run failed, counts again, and shows no old count', async () => {
    await invite(1);
    const page = await signIn(OPERATOR, '/events?event_type=member.invited&sink=unknown');
    const open = () => page.getByRole('button', { name: 'Replay all that match' }).click();
    await open();
    await page.getByText('Nothing would be sent').waitFor();
    expect(await page.getByRole('combobox', { name: 'Sink' }).last().inputValue()).toBe('unknown');
    await page.getByRole('combobox', { name: 'Sink' }).last().selectOption('every sink');
    const dryRun = page.getByRole('list', { name: 'Dry run' });
    await dryRun.getByText(SINK).waitFor();
    await page.keyboard.press('Escape');
    const problem = { status: 500, contentType: 'application/problem+json', body: '{"title":"Failed","detail":"planted"}' };
    await page.route('**/replay/preview', (route) => route.fulfill(problem));
    await open();
    await page.getByText('planted').waitFor();
    await page.getByText('The events could not be counted.').waitFor();
    expect(await dryRun.count()).toBe(0);
    await page.unroute('**/replay/preview');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Nothing would be sent').waitFor(); // again of the sink in the filter
    fixture.browser.expectFaults(/status of 500/);
  });

  it('is used by keyboard alone', async () => {
    const [older, newer] = (await failedEvents(2, 'no memory')) as [Invited, Invited];
    const page = await signIn(OPERATOR, '/events?status=failed&error=no+memory');
    await page.getByRole('checkbox', { name: 'Select all loaded events' }).waitFor();
    const focused = () => page.evaluate<string>("document.activeElement.getAttribute('aria-label') ?? ''");
    for (let tabs = 0; tabs < 40 && !(await focused()).startsWith('Select member'); tabs++) await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.keyboard.press('Shift+ArrowDown');
    await page.getByText('2 events selected.').waitFor();
    await page.keyboard.press('u');
    await page.getByText('2 events match.').waitFor();
    await page.keyboard.press('a');
    await page.getByText('2 events selected.').waitFor();
    await page.keyboard.press('r');
    await page.getByText(`${SINK}: 2 failed events retried.`).waitFor();
    await page.keyboard.type('By keyboard.');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('2 matched, 2 retried.').waitFor();
    await page.keyboard.press('Enter'); // the button that closes the dialog has the focus
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    for (const { event } of [older, newer]) await waitForStatus(event, 'published');
  });

  it('shows a viewer the replay as disabled, with the reason, and the api refuses it', async () => {
    const [{ event }] = (await invite(1)) as [Invited];
    const page = await signIn(VIEWER, `/events/${event}`);
    const button = page.getByRole('button', { name: 'Replay' });
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    await button.focus();
    await page
      .getByText('Your role is viewer. Only operators of the platform and admins of an organization can do this.')
      .waitFor();
    await button.click({ force: true });
    await page.keyboard.press('Enter');
    expect(await page.getByRole('dialog', { name: 'Replay' }).count()).toBe(0);
    await page.goto(url('/events?status=published'));
    const all = page.getByRole('button', { name: 'Replay all that match' });
    expect(await all.getAttribute('title')).toContain('Your role is viewer');
    const { status } = await fixture.system.request('POST', `/admin/events/${event}/replay`, {
      as: 'vera@example.com',
      body: {},
    });
    expect(status).toBe(403);
  });

  it('keeps the filters after a reload and through back and forward, and every digit of a position', async () => {
    const [first] = await fixture.system.query<{ event_id: string }>(
      'select event_id from outbox.outbox_log where position = $1',
      [FIRST_POSITION],
    );
    const page = await signIn(OPERATOR, '/events?event_type=member.invited');
    await page.getByRole('combobox', { name: 'Status' }).selectOption('published');
    const filtered = url('/events?event_type=member.invited&status=published');
    await page.waitForURL(filtered);
    await page.reload();
    await page.getByRole('link', { name: 'published: the event' }).first().click();
    await page.getByRole('heading', { name: 'Envelope' }).waitFor();
    await page.goBack();
    await page.waitForURL(filtered);
    expect(await page.getByRole('combobox', { name: 'Status' }).inputValue()).toBe('published');
    expect(await page.getByRole('searchbox', { name: 'Type' }).inputValue()).toBe('member.invited');
    await page.goForward();
    await page.getByRole('heading', { name: 'Envelope' }).waitFor();
    await page.goto(url(`/events/${first!.event_id}`));
    await page.getByText(FIRST_POSITION, { exact: true }).waitFor();
  });

  it.each(['light', 'dark'] as const)(
    'has no barrier and fits a narrow and a wide screen in %s: selection, dry run, progress and error',
    async (colors) => {
      breakConsumer('no time '.repeat(30));
      const [{ event }] = (await invite(1)) as [Invited];
      await waitForStatus(event, 'failed');
      const page = await signIn(OPERATOR, '/events', { colors });
      await page.getByRole('checkbox', { name: 'Select all loaded events' }).check();
      const problems: string[] = [];
      const check = async (what: string): Promise<void> => {
        for (const width of [360, 1280]) {
          await page.setViewportSize({ width, height: 800 });
          const overflow = await page.evaluate<number>(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          if (overflow > 0) problems.push(`${what} is ${overflow} px too wide at ${width} px`);
          problems.push(...(await axeFindings(page)).map((finding) => `${what} at ${width} px: ${finding}`));
        }
      };
      await check('the selection');
      await page.setViewportSize({ width: 360, height: 800 });
      const error = (await page
        .getByRole('cell', { name: /no time/ })
        .first()
        .boundingBox())!;
      expect([error.x >= 0, error.x + error.width <= 360, error.height > 40]).toEqual([true, true, true]); // it is wrapped
      await page.getByRole('button', { name: 'Replay the selection' }).click();
      await page.getByRole('list', { name: 'Dry run' }).waitFor();
      await check('the dry run');
      await page.getByLabel('Events per second').fill('1');
      await start(page, 'A check.');
      await page.getByRole('dialog').getByRole('progressbar').first().waitFor();
      await check('the progress');
      await page.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('region', { name: 'Running replays' }).waitFor();
      await page.goto(url(`/events/${event}`));
      await page.getByRole('button', { name: 'Replay' }).waitFor();
      await check('the event');
      mendConsumer();
      expect(problems).toEqual([]);
    },
  );
});
