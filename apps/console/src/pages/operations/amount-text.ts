const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Formats an amount of housekeeping: `1,042 rows`, `64 KiB`. */
export function amountText(amount: number, unit: 'rows' | 'bytes'): string {
  if (unit === 'rows') return `${amount.toLocaleString()} ${amount === 1 ? 'row' : 'rows'}`;
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, amount)) / 10)));
  return `${(amount / 1024 ** power).toLocaleString(undefined, { maximumFractionDigits: 1 })} ${UNITS[power]}`;
}
