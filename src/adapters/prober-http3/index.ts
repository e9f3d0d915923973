/*
 * The HTTP/3 prober: one real GET over QUIC, with the stage it reached and the cause that stopped it.
 */
export { attemptHttp3 } from './attempt.ts';
export { Http3Client } from './client.ts';
export type { Http3Cause, Http3Certificate, Http3Outcome, Http3Stage, Http3Target } from './outcome.ts';
export { probeHttp3 } from './probe.ts';
export { askVersions, type VersionAnswer } from './version-probe.ts';
