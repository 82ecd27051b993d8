import { readRunning } from './running.file.mjs';

/** The running system of this folder; ends the calling script with a plain line if none runs. */
export function runningOrExit() {
  const running = readRunning();
  if (running) return running;
  console.error('Pikaia is not running from this folder (or not ready yet): run npm start first.');
  process.exit(1);
}
