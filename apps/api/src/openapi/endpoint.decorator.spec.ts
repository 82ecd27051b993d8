import { Endpoint } from './endpoint.decorator.js';
import { withReferences } from './openapi.document.js';
import { exampleOf } from './schema.example.js';
import { Count, Fields, ListOf, OrNull, Text, Timestamp } from './schemas.js';

const OrderView = Fields(
  { name: Text('The name.', 'a chair'), made_at: OrNull(Timestamp('The time.')), sizes: ListOf(Count('A size.', 7)) },
  { $id: 'Order' },
);
const order = { name: 'a table', made_at: new Date(), sizes: [1] };
const description = { summary: 'Show an order', responses: { 200: OrderView } };

describe('a handler with @Endpoint', () => {
  it('does not compile unless it returns a value with the fields of a schema', () => {
    class Orders {
      @Endpoint(description)
      show() {
        return order;
      }

      @Endpoint(description)
      async find() {
        return { ...order, made_at: null };
      }

      // @ts-expect-error a field is missing
      @Endpoint(description)
      showPart() {
        return { name: 'a table', sizes: [1] };
      }

      // @ts-expect-error a field has another type
      @Endpoint(description)
      async showOther() {
        return { ...order, name: 7 };
      }

      // @ts-expect-error the response has no body
      @Endpoint({ ...description, responses: { 204: null } })
      remove() {
        return order;
      }

      // @ts-expect-error no problem has this type
      @Endpoint({ ...description, problems: ['planted'] })
      refuse() {
        return order;
      }
    }
    expect(new Orders().show()).toBe(order);
  });
});

describe('a schema', () => {
  it('has an example that is made of the examples of its fields', () => {
    expect(exampleOf({ ...OrderView })).toEqual({ name: 'a chair', made_at: '2026-01-31T08:30:00.000Z', sizes: [7] });
  });

  it('with a name is one component of the document, and another schema with this name is refused', () => {
    const schemas: Record<string, { required?: unknown }> = {};
    expect(withReferences({ first: OrderView, list: [OrderView] }, schemas)).toEqual({
      first: { $ref: '#/components/schemas/Order' },
      list: [{ $ref: '#/components/schemas/Order' }],
    });
    expect(schemas['Order']).toMatchObject({ type: 'object', required: ['name', 'made_at', 'sizes'] });
    expect(() => withReferences(Fields({ other: Count('A number.') }, { $id: 'Order' }), schemas)).toThrow(
      'Two different schemas have the name Order.',
    );
  });
});
