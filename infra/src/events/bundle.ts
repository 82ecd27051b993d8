import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const DEFAULT_BUNDLES = resolve(import.meta.dirname, '../../../apps/consumers/dist');

/**
 * The folder of the bundle of a consumer: `<bundles>/<name>`, which contains index.mjs.
 *
 * @throws Error if the bundle has not been built.
 */
export function bundleOf(name: string, bundles = DEFAULT_BUNDLES): string {
  const folder = resolve(bundles, name);
  if (!existsSync(join(folder, 'index.mjs'))) {
    throw new Error(`There is no bundle of ${name} (${join(folder, 'index.mjs')}): run npm run build, or set consumer_bundles.`);
  }
  return folder;
}
