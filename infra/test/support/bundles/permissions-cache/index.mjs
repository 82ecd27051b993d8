// Stands in for the bundle of apps/consumers: a synth only packs it.
export const handler = () => ({ batchItemFailures: [] });
