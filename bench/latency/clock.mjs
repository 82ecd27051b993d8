/** Milliseconds of a monotonic clock that all processes of this machine share. */
export function machineMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}
