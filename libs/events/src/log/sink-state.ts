/** `paused`: the sink keeps its leader, which reads and sends nothing. `retired`: the sink is permanently disabled. */
export type SinkState = 'active' | 'paused' | 'retired';
