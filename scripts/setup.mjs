// node scripts/setup.mjs [folder] [--optional]: installs the dependencies if a manifest or the lockfile changed, and then those of a
// folder that has its own lockfile, such as infra. With --optional, a folder that cannot be installed is reported, and fails only in
// CI. It runs on the Node of the host. This file must run on versions that are too old for the rest.
const version = process.versions.node;

if (Number(version.split('.')[0]) >= 20) {
  import('./setup/install.mjs');
} else {
  console.error(`Node ${version} is too old. Install Node 20 or newer (https://nodejs.org), then repeat the command.`);
  process.exitCode = 1;
}
