import { Audit, auditAction, AuditModule } from '@pikaia/audit';
import { MemberInvited } from '@pikaia/contracts';
import { Consumer, DomainEvent, Events, EventsModule, Handles, Personal } from '@pikaia/events';
import { NotificationsModule } from '@pikaia/notifications';
import { IsString } from 'class-validator';

/** Preloaded into a worker: two consumers that publish events, and fail on request. */
class SeatTaken {}
IsString()(SeatTaken.prototype, 'holder');
Personal()(SeatTaken.prototype, 'holder');
DomainEvent('seat.taken', { version: 1, aggregate: 'seat' })(SeatTaken);

const seatTaken = auditAction('seat.taken', {
  aggregate: 'seat',
  changes: 'none',
  event: SeatTaken,
  description: 'A person takes a seat.',
});

class InvoiceChanged {}
IsString()(InvoiceChanged.prototype, 'reason');
DomainEvent('invoice.changed', { version: 1, aggregate: 'invoice' })(InvoiceChanged);

class Seats {
  constructor(events, audit) {
    Object.assign(this, { events, audit });
  }

  async take({ aggregate_id: id, data }) {
    await this.events.publish(SeatTaken, { id }, { holder: data.email });
    await this.audit.record(seatTaken, { type: 'seat', id });
  }
}

class Billing {
  constructor(events) {
    this.events = events;
  }

  async change({ aggregate_id: id, data }) {
    if (data.holder.startsWith('refused')) throw new Error(`No account for ${data.holder}.`);
    await this.events.publish(InvoiceChanged, { id }, { reason: 'seat' });
  }
}

const handle = (type, method, contract) =>
  Handles(contract, { effect: 'database', maxAttempts: 1 })(type.prototype, method, Object.getOwnPropertyDescriptor(type.prototype, method)); // prettier-ignore
handle(Seats, 'take', MemberInvited);
handle(Billing, 'change', SeatTaken);
Consumer('seats', { from: 'beginning' })(Seats);
Consumer('billing', { from: 'beginning' })(Billing);

const { forRoot } = NotificationsModule;
NotificationsModule.forRoot = (options) => {
  const module = forRoot.call(NotificationsModule, options);
  const consumers = [
    { provide: Seats, inject: [Events, Audit], useFactory: (...parts) => new Seats(...parts) },
    { provide: Billing, inject: [Events], useFactory: (...parts) => new Billing(...parts) },
  ];
  return {
    ...module,
    imports: [EventsModule.forRoot({ databaseUrl: process.env.DATABASE_URL }), AuditModule.forRoot()],
    providers: [...module.providers, ...consumers],
  };
};
