import { readRunning } from './running.file.mjs';

/** The running system of this folder. If there is none, prints a message and exits with status 1. */
export function runningOrExit() {
  const running = readRunning();
  if (running) return running;
  console.error('Pikaia is not running from this folder, or not ready yet. Run npm start first.');
  process.exit(1);
}
