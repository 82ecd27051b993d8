import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CONSOLE_PAGES, SCREENSHOTS, type PageIds } from './pages.js';

const ROOT = resolve(__dirname, '../..');
const FOLDER = join(ROOT, 'docs/console');
const MAX_BYTES = 150 * 1024;
const WIDTH_OFFSET = 16; // in the header of a PNG
const NO_IDS: PageIds = { sent: '', refused: '', event: '', entry: '', person: '' };

/** The paths of the navigation. Read as text, because the file needs the types of a browser. */
const NAVIGATION = [
  ...readFileSync(join(ROOT, 'apps/console/src/session/access.ts'), 'utf8').matchAll(/\{ path: '([^']+)', title: /g),
].map(([, path]) => path!);

const shown = ['README.md', 'docs/console.md'].map((name) => readFileSync(join(ROOT, name), 'utf8')).join('\n');

/** Describes each screenshot that is missing, too large, of another width or shown in no document. */
function problemsOf(folder: string, documents: string): string[] {
  const there = readdirSync(folder);
  return [
    ...there.filter((name) => !SCREENSHOTS.some(({ file }) => file === name)).map((name) => `${name} is of no page`),
    ...SCREENSHOTS.flatMap(({ file, width }) => {
      const path = join(folder, file);
      if (!existsSync(path)) return [`${file} is missing: run npm run console:screenshots`];
      const image = readFileSync(path);
      return [
        ...(image.subarray(1, 4).toString() === 'PNG' && image.readUInt32BE(WIDTH_OFFSET) === width
          ? []
          : [`${file} is no PNG with a width of ${width}`]),
        ...(image.length > MAX_BYTES ? [`${file} has ${image.length} bytes`] : []),
        ...(documents.includes(`console/${file}`) ? [] : [`${file} is shown in no document`]),
      ];
    }),
  ];
}

describe('the screenshots in docs/console', () => {
  it('exist for each page of the navigation, are small, and are shown in a document', () => {
    const withScreenshots = CONSOLE_PAGES.filter(({ screenshots }) => screenshots).map(({ path }) => path(NO_IDS));
    expect(NAVIGATION.length).toBeGreaterThan(2);
    expect(NAVIGATION.filter((path) => !withScreenshots.includes(path))).toEqual([]);
    expect(problemsOf(FOLDER, shown)).toEqual([]);
  });

  it('the check reports a screenshot that is missing, too large, of another width, of no page, and shown nowhere', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pikaia-screenshots-'));
    try {
      writeFileSync(join(folder, 'overview-light.png'), Buffer.alloc(MAX_BYTES + 1));
      writeFileSync(join(folder, 'old-light.png'), '');
      expect(problemsOf(folder, '')).toEqual(
        expect.arrayContaining([
          'old-light.png is of no page',
          'overview-dark.png is missing: run npm run console:screenshots',
          'overview-light.png is no PNG with a width of 1280',
          `overview-light.png has ${MAX_BYTES + 1} bytes`,
          'overview-light.png is shown in no document',
        ]),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
