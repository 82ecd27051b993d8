export interface Costs {
  readonly publishDatabase: number;
  readonly publishProcess: number;
  readonly wal: number;
  readonly readDatabase: number;
  readonly relayRate: number;
  readonly sdkRate: number;
  readonly logBytes: number;
}
export function sharesAt(rate: number, costs: Costs): { shares: Record<string, number>; order: string[]; databaseCores: number };
