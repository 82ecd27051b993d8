import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { diskRemedy } from './disk-errors.mjs';

// The npm_* variables of the surrounding npm script mislead a nested npm. These are settings of the user and are kept.
const KEPT_VARIABLES =
  /^npm_config_(userconfig|globalconfig|cache|registry|prefix|proxy|https_proxy|noproxy|cafile|strict_ssl|offline|prefer_offline|ignore_scripts)$/i;
// Replaces settings of the user that would install too little, or elsewhere. The packages run on the project's Node, not on the
// host's. They are variables, so that npm commands of install scripts get them too.
const FIXED_SETTINGS = {
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_loglevel: 'error',
  npm_config_location: 'project',
  npm_config_global: 'false',
  npm_config_bin_links: 'true',
  npm_config_dry_run: 'false',
  npm_config_package_lock: 'true',
  npm_config_package_lock_only: 'false',
  npm_config_install_strategy: 'hoisted',
  npm_config_engine_strict: 'false',
};
const REMEDIES = [
  [
    /ENOTCACHED/,
    'npm is set to work offline, and its cache lacks packages. Connect this machine and run: npm config delete offline',
  ],
  [/with a date before/, 'npm is set to use old packages only. Remove the npm settings before and min-release-age'],
  [/\b(E401|E403|ENEEDAUTH)\b/, 'The npm registry refuses access. Sign in to it, or correct the npm setting registry'],
  [
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|\w*_CERT\w*|CERT_\w+)\b/,
    'npm cannot reach its registry. Check the network and the npm settings registry, proxy and cafile',
  ],
];
const DISK_ERROR = /\b(ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EMFILE|ENFILE)\b/;

/** An error whose message is enough for the user. */
export class InstallationError extends Error {}

/** Runs npm in a folder. @throws InstallationError that says what to do. */
export async function runNpm(cwd, command, ...options) {
  const { status, how, output } = await npm(cwd, [command, ...options]);
  if (status !== 0) throw new InstallationError(failureText(`npm ${command}`, how, output));
}

/** The value of an npm setting as text. */
export async function npmSetting(cwd, name) {
  return (await npm(cwd, ['config', 'get', name])).output.trim();
}

/** Asynchronous, so that the lock of the installation is refreshed meanwhile. */
async function npm(cwd, args) {
  const child = spawn('npm', args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || KEPT_VARIABLES.test(name))),
      ...FIXED_SETTINGS,
    },
    shell: process.platform === 'win32',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  try {
    const [code, signal] = await once(child, 'close');
    return { status: code, how: signal ?? `exit code ${code}`, output };
  } catch (error) {
    if (error.code === 'ENOENT')
      throw new InstallationError('The command npm was not found. Install npm, which comes with Node (https://nodejs.org).');
    throw error;
  }
}

function failureText(command, how, output) {
  const reason = output.split('\n').find((line) => /^npm (error|ERR!) (?!code |errno |syscall )\S/.test(line));
  const detail = reason?.replace(/^npm (error|ERR!) /, '') ?? how;
  const remedy = REMEDIES.find(([pattern]) => pattern.test(output))?.[1];
  if (remedy) return `${remedy}. Then repeat the command (${command}: ${detail}).`;
  const code = DISK_ERROR.exec(output)?.[1];
  if (code) return diskRemedy(code, detail);
  return `${output.trim()}\n${command} failed (${how}). Its messages above say why.`;
}
