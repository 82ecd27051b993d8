/** Formats a duration: `41 ms`, from one second `3.2 s`, from two minutes `5 min`, from two hours `3 h`, from two days `4 d`. */
export function durationText(milliseconds: number): string {
  const ms = Math.round(milliseconds);
  const size = Math.abs(ms);
  if (size < 1_000) return `${ms} ms`;
  if (size < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (size < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (size < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}
