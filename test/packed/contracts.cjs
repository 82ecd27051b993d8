// The contracts of an application in CommonJS, compiled: decorators are calls.
require('reflect-metadata');
const { Consumer, Description, DomainEvent, Handles, OptionalField } = require('@pikaia/events');
const { IsInt, IsString, Min } = require('class-validator');

class OrderPlaced {}
for (const decorate of [IsInt(), Min(0), Description('The sum of all lines.')]) decorate(OrderPlaced.prototype, 'total_cents');
IsString()(OrderPlaced.prototype, 'note');
if (process.env.NOTE !== 'required') OptionalField()(OrderPlaced.prototype, 'note');
DomainEvent('order.placed', { version: 1, aggregate: 'order', producer: 'shop' })(OrderPlaced);

class Billing {
  charge() {}
}
Handles(OrderPlaced, { effect: 'database' })(Billing.prototype, 'charge', {});
Consumer('billing', { from: 'beginning' })(Billing);

module.exports = { OrderPlaced, Billing };
