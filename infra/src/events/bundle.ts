import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const BUILT = resolve(import.meta.dirname, '../../../apps/consumers/dist');

/**
 * The folder of a consumer's bundle, `<bundles>/<name>` with an index.mjs.
 *
 * @throws Error where it has not been built.
 */
export function bundleOf(name: string, bundles = BUILT): string {
  const folder = resolve(bundles, name);
  if (!existsSync(join(folder, 'index.mjs'))) {
    throw new Error(`There is no bundle of ${name} (${join(folder, 'index.mjs')}): run npm run build, or set consumer_bundles.`);
  }
  return folder;
}
