// Preloaded into the api and the worker while the week is seeded, so that their clocks show the time of the story. The starting script
// sends how far to move the clock. Without a message or after the last one, the process has its normal clock.

const SystemDate = Date;
const systemMonotonic = performance.now.bind(performance);
let shiftMs = 0;
let passedMs = 0; // how far the monotonic clock is ahead: it never goes back

const StoryDate = new Proxy(SystemDate, {
  construct: (target, values: [], newTarget) =>
    Reflect.construct(target, values.length ? values : [target.now() + shiftMs], newTarget) as Date,
  apply: (target) => new target(target.now() + shiftMs).toString(),
  get: (target, name, receiver) =>
    name === 'now' ? () => target.now() + shiftMs : (Reflect.get(target, name, receiver) as unknown),
});

/** Timers that compare monotonic times notice a jump as if the machine had slept. */
function setShift(nextMs: number): void {
  passedMs += Math.max(0, nextMs - shiftMs);
  shiftMs = nextMs;
  globalThis.Date = nextMs === 0 ? SystemDate : StoryDate;
  SystemDate.prototype.constructor = globalThis.Date;
  performance.now = () => systemMonotonic() + passedMs;
}

const onMessage = (message: unknown): void => {
  const { clockShiftMs } = message as { readonly clockShiftMs?: number };
  if (clockShiftMs === undefined) return;
  setShift(clockShiftMs);
  if (clockShiftMs === 0) process.off('message', onMessage);
  process.send!('clock set');
};

const initialMs = Number(process.env['PIKAIA_CLOCK_SHIFT_MS'] ?? 0);
if (process.connected && initialMs) {
  setShift(initialMs);
  process.on('message', onMessage);
}
