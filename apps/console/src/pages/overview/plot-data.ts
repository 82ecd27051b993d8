export interface PlotSeries {
  readonly name: string;
  readonly tone: 'good' | 'bad';
  /** A number for each minute. Null if it is not known. */
  readonly counts: readonly (number | null)[];
}

/** What a plot shows. */
export interface PlotData {
  readonly label: string;
  /** The beginning of the first minute. */
  readonly since: string;
  readonly series: readonly PlotSeries[];
  readonly height: number;
}
