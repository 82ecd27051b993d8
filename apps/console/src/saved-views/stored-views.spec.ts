import fc from 'fast-check';
import {
  addView,
  MAX_NAME_LENGTH,
  MAX_VIEWS,
  parseViews,
  removeView,
  renameView,
  type Change,
  type SavedView,
} from './stored-views.js';

const SEED = 20_261_203;
const filters = { status: 'failed' };
const view = (name: string): SavedView => ({ name, filters });
const viewsOf = (change: Change): readonly SavedView[] => ('views' in change ? change.views : []);
const namesOf = (views: readonly SavedView[]): string[] => views.map(({ name }) => name);

it('keeps views through the storage, by name', () => {
  const views = viewsOf(addView([view('b')], '  A  view ', filters));
  expect(parseViews(JSON.stringify(views))).toEqual([view('A view'), view('b')]);
});

it.each(['', ' ', '\u200b', '\u3000', '\u202e'])('refuses the name %j, which shows nothing', (name) => {
  expect(addView([], name, filters)).toEqual({ problem: 'The view needs a name.' });
  expect(renameView([view('a')], 'a', name)).toEqual({ problem: 'The view needs a name.' });
});

it('refuses a name that is too long, in characters', () => {
  expect(addView([], '😀'.repeat(MAX_NAME_LENGTH), filters)).toHaveProperty('views');
  expect(addView([], 'x'.repeat(MAX_NAME_LENGTH + 1), filters)).toHaveProperty('problem');
});

it('refuses a name that another view has, in any case and spelling', () => {
  for (const name of ['mine', ' MINE ', 'Mine']) expect(addView([view('mine')], name, filters)).toHaveProperty('problem');
  expect(addView([view('\u00fc')], 'u\u0308', filters)).toHaveProperty('problem');
  expect(renameView([view('a'), view('b')], 'a', 'B')).toHaveProperty('problem');
  expect(viewsOf(renameView([view('a'), view('b')], 'a', 'A'))).toEqual([view('A'), view('b')]);
});

it('refuses a view too many', () => {
  const views = Array.from({ length: MAX_VIEWS }, (_, index) => view(`view ${index}`));
  expect(addView(views, 'one more', filters)).toHaveProperty('problem');
  expect(addView(views.slice(1), 'one more', filters)).toHaveProperty('views');
  expect(parseViews(JSON.stringify([...views, view('one more')]))).toHaveLength(MAX_VIEWS);
});

it('says that a view is gone that another tab has deleted, and deletes only the view of the name', () => {
  expect(renameView([view('a')], 'b', 'c')).toEqual({ problem: 'The view was deleted in another tab.' });
  expect(namesOf(viewsOf(removeView([view('a'), view('b')], 'a')))).toEqual(['b']);
});

it.each([
  null,
  '',
  'x',
  '{',
  'null',
  '7',
  '"text"',
  '{"name":"a"}',
  '[null, 7, "a", [], {}]',
  '[{"name":"a"}]',
  '[{"name":7,"filters":{"a":"b"}}]',
  '[{"name":"a","filters":{}}]',
  '[{"name":"a","filters":["b"]}]',
  '[{"name":"a","filters":{"b":7}}]',
  '[{"name":" ","filters":{"a":"b"}}]',
])('reads no view from the storage with %j', (text) => {
  expect(parseViews(text)).toEqual([]);
});

it('keeps the views of a storage that is corrupted in part, and one of two with the same name', () => {
  expect(parseViews(JSON.stringify([null, view('a'), { name: 'b' }, view('A'), view('c')]))).toEqual([view('a'), view('c')]);
});

it('reads from any storage only views that can be shown', () => {
  const anything = fc.oneof(
    fc.json(),
    fc.string(),
    fc.array(fc.record({ name: fc.anything(), filters: fc.dictionary(fc.string(), fc.anything()) })).map((value) => {
      try {
        return JSON.stringify(value);
      } catch {
        return '[]'; // a bigint
      }
    }),
  );
  fc.assert(
    fc.property(anything, (text) => {
      for (const { name, filters: values } of parseViews(text)) {
        expect(name.trim()).not.toBe('');
        for (const value of Object.values(values)) expect(typeof value).toBe('string');
      }
    }),
    { seed: SEED, numRuns: 500 },
  );
});
