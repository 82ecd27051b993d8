import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../support/random/seeded-random.js';

const DIST = resolve(__dirname, '../../apps/console/dist');
const KIB = 1024;
const ENTRY_KIB = 100;
const PAGE_KIB = 25; // of one page, or of the plots, with what it loads besides the entry

const textOf = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');
const gzipKib = (folder: string, files: Iterable<string>): number =>
  [...files].reduce((sum, file) => sum + gzipSync(textOf(folder, file), { level: 9 }).length, 0) / KIB;

/** The scripts and styles that the browser loads before it can show anything. */
const entryFiles = (folder: string): string[] =>
  [...textOf(folder, 'index.html').matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g)].map(([, file]) => file!);

/** The scripts that a script loads later: those of the pages, and the plots of a page. */
const laterFiles = (folder: string, file: string): string[] =>
  [...textOf(folder, file).matchAll(/import\([`"']\.\/([^`"']+)[`"']\)/g)].map(([, name]) => `assets/${name!}`);

/** The scripts that are loaded when a page or a plot is shown. */
function pageFiles(folder: string): string[] {
  const found = new Set(entryFiles(folder).filter((file) => file.endsWith('.js')));
  for (const file of found) for (const later of laterFiles(folder, file)) found.add(later); // also visits what it adds
  return [...found].filter((file) => !entryFiles(folder).includes(file));
}

/** A script with those that it imports. */
function withImports(folder: string, file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, name] of textOf(folder, file).matchAll(/(?:from|import)\s*[`"']\.\/([^`"']+)[`"']/g))
    withImports(folder, `assets/${name!}`, found);
  return found;
}

/** Describes each part of a build that is too large. */
function budgetProblems(folder: string): string[] {
  const entry = entryFiles(folder);
  const pages = pageFiles(folder).map(
    (page) => [page, [...withImports(folder, page)].filter((file) => !entry.includes(file))] as const,
  );
  return [
    ...(gzipKib(folder, entry) > ENTRY_KIB ? [`the entry has ${gzipKib(folder, entry).toFixed(1)} KiB`] : []),
    ...pages.flatMap(([page, files]) =>
      gzipKib(folder, files) > PAGE_KIB ? [`${page} has ${gzipKib(folder, files).toFixed(1)} KiB`] : [],
    ),
  ];
}

describe('the built console', () => {
  it(`has an entry of at most ${ENTRY_KIB} KiB and pages of at most ${PAGE_KIB} KiB, compressed by gzip`, () => {
    expect(entryFiles(DIST).map((file) => file.split('.').at(-1))).toEqual(expect.arrayContaining(['css', 'js']));
    expect(pageFiles(DIST).length).toBeGreaterThan(3);
    expect(pageFiles(DIST).filter((file) => file.includes('/plot-'))).toHaveLength(1);
    expect(budgetProblems(DIST)).toEqual([]);
  });

  it('the check reports an entry, a page and a part of a page that are too large', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pikaia-budget-'));
    const random = seededRandom(1);
    const noise = (kib: number): string =>
      Array.from({ length: kib * KIB * 2 }, () => Math.floor(random() * 16).toString(16)).join(''); // two digits are one byte
    try {
      mkdirSync(join(folder, 'assets'));
      writeFileSync(join(folder, 'index.html'), '<script type="module" crossorigin src="./assets/index-1.js"></script>');
      writeFileSync(join(folder, 'assets/index-1.js'), `import("./a.page-1.js");//${noise(ENTRY_KIB)}`);
      writeFileSync(join(folder, 'assets/a.page-1.js'), 'import"./part-1.js";import(`./plot-1.js`);');
      writeFileSync(join(folder, 'assets/plot-1.js'), `//${noise(PAGE_KIB)}`);
      writeFileSync(join(folder, 'assets/part-1.js'), `//${noise(PAGE_KIB)}`);
      expect(budgetProblems(folder)).toEqual([
        expect.stringMatching(/^the entry has 1\d\d\.\d KiB$/),
        expect.stringMatching(/^assets\/a\.page-1\.js has \d\d\.\d KiB$/),
        expect.stringMatching(/^assets\/plot-1\.js has \d\d\.\d KiB$/),
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
