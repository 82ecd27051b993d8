import { Count, Fields, OrNull, Text } from '../openapi/schemas.js';

/** The mark of an item of a list whose largest field was left out. */
export const ShortenedView = Fields(
  {
    bytes: Count('The size of the field that was left out, as JSON.', 70_000),
    url: Text('The path that returns the whole item.', '/api/v1/admin/events/019c12f4-7175-7abc-8504-af03c46f1d1b'),
  },
  { $id: 'Shortened' },
);

/** An item by its id is whole, so this is null. */
export const NotShortened = OrNull(Fields({ bytes: Count('The size of the field that was left out.', 70_000) }));
