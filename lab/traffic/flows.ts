/*
 * Flows that live long: one connection (or one UDP port) that says something again and again, and remembers when it was
 * not answered, who answered, as whom it was seen, and when and why it broke. They never reconnect.
 */
import { nowMs } from '../hosts/protocol.ts';
import { type AttemptTarget, clientOf, readAnswer } from './attempt.ts';
import { openDownload } from './flow-download.ts';
import { openTcpFlow, openUdpFlow } from './flow-echo.ts';
import { openHttp2Flow } from './flow-http2.ts';
import { openHttp3Flow } from './flow-http3.ts';
import { openWebSocket } from './flow-websocket.ts';

export type FlowKind = 'tcp' | 'udp' | 'websocket' | 'download' | 'http2' | 'http3';

export interface FlowConfig {
  readonly name: string;
  readonly kind: FlowKind;
  /** Its `protocol` is not looked at. A download's path says its size and rate. */
  readonly target: AttemptTarget;
  /** Between two beats; 200 where not given. A download beats by itself. */
  readonly intervalMs?: number;
}

export interface FlowRecord {
  readonly name: string;
  readonly kind: FlowKind;
  readonly openedMs?: number;
  readonly sent: number;
  readonly answered: number;
  readonly bytes: number;
  /** The longest time without an answer, and when it began; the time until now counts while the flow lives. */
  readonly longestGapMs: number;
  readonly gapFromMs: number;
  /** Who answered as whom, each time it changed. */
  readonly seen: readonly Seen[];
  readonly ended?: { readonly atMs: number; readonly cause: string };
}

export interface Seen {
  readonly fromMs: number;
  readonly pod: string;
  readonly client: string;
}

/** What a kind of flow can do, and what it tells the recorder. */
export interface OpenFlow {
  readonly beat: () => void;
  readonly close: () => void;
}

export interface FlowEvents {
  readonly opened: () => void;
  /** Something came back; text where it may be an answer of the lab's. */
  readonly answered: (bytes: number, text?: string) => void;
  /** `finished` is an end that was meant (a whole download). */
  readonly ended: (cause: string) => void;
}

export type OpenKind = (target: AttemptTarget, events: FlowEvents) => OpenFlow;

const kinds: Readonly<Record<FlowKind, OpenKind>> = {
  tcp: openTcpFlow,
  udp: openUdpFlow,
  websocket: openWebSocket,
  download: openDownload,
  http2: openHttp2Flow,
  http3: openHttp3Flow,
};

const flows = new Map<string, RecordedFlow>();
let count = 0;

export const flowCommands = {
  'flow.start': async (config: FlowConfig) => {
    const id = `f${++count}`;
    flows.set(id, new RecordedFlow(config));
    return { id };
  },
  'flow.peek': async ({ id }: { readonly id: string }) => find(id).record(),
  'flow.stop': async ({ id }: { readonly id: string }) => {
    const flow = find(id);
    flows.delete(id);
    return flow.stop();
  },
};

class RecordedFlow {
  private readonly config: FlowConfig;
  private readonly flow: OpenFlow;
  private readonly timer: NodeJS.Timeout;
  private readonly seen: Seen[] = [];
  private openedMs: number | undefined;
  private lastMs = nowMs();
  private gap = { fromMs: 0, ms: 0 };
  private sent = 0;
  private answered = 0;
  private bytes = 0;
  private ended: FlowRecord['ended'];

  constructor(config: FlowConfig) {
    this.config = config;
    this.flow = kinds[config.kind](config.target, {
      opened: () => this.open(),
      answered: (bytes, text) => this.hear(bytes, text),
      ended: (cause) => this.end(cause),
    });
    this.timer = setInterval(() => this.beat(), config.intervalMs ?? 200);
  }

  record(): FlowRecord {
    if (!this.ended) this.measureGap(nowMs());
    return {
      name: this.config.name,
      kind: this.config.kind,
      ...(this.openedMs !== undefined && { openedMs: this.openedMs }),
      sent: this.sent,
      answered: this.answered,
      bytes: this.bytes,
      longestGapMs: this.gap.ms,
      gapFromMs: this.gap.fromMs,
      seen: this.seen,
      ...(this.ended && { ended: this.ended }),
    };
  }

  stop(): FlowRecord {
    const record = this.record();
    this.ended ??= { atMs: nowMs(), cause: 'stopped' };
    clearInterval(this.timer);
    this.flow.close();
    return record;
  }

  private open(): void {
    this.openedMs = nowMs();
    this.lastMs = this.openedMs;
  }

  private beat(): void {
    if (this.openedMs === undefined || this.ended) return;
    this.sent += 1;
    this.flow.beat();
  }

  private hear(bytes: number, text?: string): void {
    const now = nowMs();
    this.measureGap(now);
    this.lastMs = now;
    this.answered += 1;
    this.bytes += bytes;
    const answer = readAnswer(text);
    if (!answer) return;
    const last = this.seen.at(-1);
    const client = clientOf(answer);
    if (last?.pod !== answer.pod || last.client !== client)
      this.seen.push({ fromMs: now, pod: answer.pod, client });
  }

  private end(cause: string): void {
    if (this.ended) return;
    this.ended = { atMs: nowMs(), cause };
    clearInterval(this.timer);
    this.flow.close();
  }

  private measureGap(now: number): void {
    const ms = now - this.lastMs;
    if (ms > this.gap.ms) this.gap = { fromMs: this.lastMs, ms };
  }
}

function find(id: string): RecordedFlow {
  const flow = flows.get(id);
  if (!flow) throw new Error(`no flow ${id} is running`);
  return flow;
}
