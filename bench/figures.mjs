// Statistics over the runs. A ratio is computed within one round, then its median over all rounds. A machine that becomes slower
// affects both sides of a round.

export function median(values) {
  return percentile(values, 0.5);
}

/** Interpolates between two values. */
export function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

/** The median ratio of `ours` to `other` in the same round. `of` reads a figure from a run. */
export function ratio(ours, other, of) {
  return round(median(ours.map((run, index) => of(run) / of(other[index]))), 2);
}

export function round(value, digits) {
  return Number(value.toFixed(digits));
}

/**
 * The bytes that were allocated between collections, from the output of a process with `--trace-gc`: the memory in use before each
 * collection, minus the memory that the previous collection left.
 */
export function allocatedBytes(output) {
  const trace = output.replace(/\{.*\}\n/g, ''); // removes log lines, which can be inside a line of the trace
  let left;
  let megabytes = 0;
  for (const [, before, after] of trace.matchAll(/ ms: [^\d\n]*([\d.]+) \([\d.]+\) -> ([\d.]+) \(/g)) {
    if (left !== undefined) megabytes += Math.max(Number(before) - left, 0);
    left = Number(after);
  }
  return megabytes * 1_024 * 1_024;
}
