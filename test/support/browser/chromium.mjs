// node chromium.mjs: prints the path of a Chromium that runs here and the folder of its libraries, as JSON; {} if there is none.
// PIKAIA_CHROMIUM selects one. An installed browser comes first, then that of the package @sparticuz/chromium (Linux x64).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const INSTALLED = [
  process.env.PIKAIA_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const packed = join(import.meta.dirname, 'node_modules');
const extracted = join(packed, '.extracted');

console.log(JSON.stringify(await findBrowser()));

async function findBrowser() {
  for (const path of INSTALLED) if (path && runs(path)) return { path };
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(join(packed, '@sparticuz/chromium/package.json')))
    return {};
  const browser = { path: join(extracted, 'chromium'), libraries: join(extracted, 'al2023/lib') };
  if (!existsSync(browser.path)) await extract();
  return runs(browser.path, browser.libraries) ? browser : {};
}

function runs(path, libraries) {
  const env = { ...process.env, ...(libraries && { LD_LIBRARY_PATH: libraries }) };
  return existsSync(path) && spawnSync(path, ['--version'], { env, stdio: 'ignore' }).status === 0;
}

/** Unpacks the package into a folder that is then renamed, because two test processes can do this at the same time. */
async function extract() {
  mkdirSync(packed, { recursive: true });
  const folder = mkdtempSync(join(packed, '.extract-'));
  process.env.TMPDIR = folder;
  process.env.AWS_EXECUTION_ENV = 'AWS_Lambda_nodejs24.x'; // unpacks the shared libraries too
  const { default: chromium } = await import('@sparticuz/chromium');
  await chromium.executablePath();
  try {
    renameSync(folder, extracted);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    rmSync(folder, { recursive: true });
  }
}
