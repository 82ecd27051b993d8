// What is computed from the runs. A ratio is taken within one round, then the median over the rounds: a machine that slows
// down slows both sides of a round.

export function median(values) {
  return percentile(values, 0.5);
}

/** Between two values where none lies exactly there. */
export function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

/** Of `ours` to `other` in the same round; `of` reads a figure from a run. */
export function ratio(ours, other, of) {
  return round(median(ours.map((run, index) => of(run) / of(other[index]))), 2);
}

export function round(value, digits) {
  return Number(value.toFixed(digits));
}
