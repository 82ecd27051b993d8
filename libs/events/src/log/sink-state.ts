/** `paused`: the sink keeps its leader, which reads and sends nothing. `retired`: given up for good. */
export type SinkState = 'active' | 'paused' | 'retired';
