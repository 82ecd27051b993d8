import type { ConsumerDescription } from '@pikaia/events';
import type { SentEmail } from '../../support/aws/ses.stub.js';
import { Differences, textOf, type Check } from './check.js';

const MAIL_DELAY_MS = 1_000; // a request that a killed worker has sent is accepted later while the provider is slow

/**
 * Each invitation was emailed once, to its address. An email that was sent twice because its worker was killed before it wrote the
 * receipt is counted apart: docs/guarantees.md allows it.
 */
export const checkEmails: Check = ({ events, emails, workerKills }) => {
  const differences = new Differences();
  const allowed: string[] = [];
  const invitations = new Map(events.filter(({ type }) => type === 'member.invited').map((event) => [event.id, event]));
  const sent = Map.groupBy(emails, ({ tags }) => tags['mail_id'] ?? '');
  for (const [id, event] of invitations) {
    const copies = sent.get(id) ?? [];
    if (copies.length === 0)
      differences.list.push(`the invitation of ${textOf(event.data['email'])} (event ${id}) was never emailed`);
    const repeated = `the invitation of ${textOf(event.data['email'])} (event ${id}) was emailed ${copies.length} times`;
    if (copies.length > 1) (isAllowed(copies, workerKills) ? allowed : differences.list).push(repeated);
    for (const copy of copies) {
      differences.equal(copy.to, [event.data['email']], () => `the receiver of the email of event ${id}`);
      differences.equal(copy.tags['correlation_id'], event.correlationId, () => `the correlation id of the email of event ${id}`);
    }
  }
  for (const [id, copies] of sent)
    differences.expect(invitations.has(id), () => `an email to ${textOf(copies[0]!.to)} is of no invitation (event ${id})`);
  return differences.result('emails', `${emails.length} emails, ${invitations.size} invitations`, allowed);
};

/** Between two copies of an email a worker was killed. */
const isAllowed = (copies: readonly SentEmail[], kills: readonly number[]): boolean =>
  copies.slice(1).every(({ sentAt }, index) => kills.some((at) => at >= copies[index]!.sentAt - MAIL_DELAY_MS && at <= sentAt));

/** Each consumer has handled each event of its types once, and nothing is pending, failed or handled without an event. */
export const checkDeliveries =
  (consumers: readonly ConsumerDescription[]): Check =>
  ({ events, receipts, openDeliveries }) => {
    const differences = new Differences();
    const counts = Map.groupBy(receipts, ({ consumer, eventId }) => `${consumer} ${eventId}`);
    for (const { id, type, status } of events) {
      const handledBy = consumers.filter(({ contracts }) => contracts.some((contract) => contract.type === type));
      const expected = handledBy.length === 0 ? 'not_wanted' : 'published';
      differences.equal(status === 'not_wanted' ? expected : status, expected, () => `the status of ${type} ${id}`);
      for (const { name } of handledBy) {
        const found = counts.get(`${name} ${id}`) ?? [];
        differences.expect(
          found.length === 1 && found[0]!.state === 'done',
          () => `${name} has ${found.length} receipts of ${type} ${id}${found.map(({ state }) => `, ${state}`).join('')}`,
        );
      }
      for (const { consumer } of receipts.filter(({ eventId }) => eventId === id))
        if (consumers.some(({ name }) => name === consumer))
          differences.expect(
            handledBy.some(({ name }) => name === consumer),
            () => `${consumer} has handled ${type} ${id}`,
          );
    }
    differences.list.push(...openDeliveries);
    return differences.result('deliveries', `${receipts.length} receipts of ${consumers.length} consumers`);
  };

/** The tables that consumers keep are those that a replay of all events makes. */
export const checkReadModels: Check = ({ readModels }) => {
  const differences = new Differences();
  for (const { name, rows, rebuilt } of readModels) {
    for (const row of rows) differences.expect(rebuilt.includes(row), () => `${name} has ${row}, and a replay does not make it`);
    for (const row of rebuilt) differences.expect(rows.includes(row), () => `${name} lacks ${row}, which a replay makes`);
  }
  return differences.result('read models', readModels.map(({ name, rows }) => `${name} ${rows.length} rows`).join(', '));
};
