/*
 * How a stand-in can be told to fail: per call, before or after the call took effect. What a client sees of each is what
 * it would see of the real system; whether anything was written it can only learn by asking again.
 */

/** One request, as a chooser of faults sees it. */
export interface Call {
  /** 1, 2, 3 … of this stand-in. */
  readonly n: number;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export type Fault =
  /** The connection is cut. */
  | { readonly kind: 'reset'; readonly takesEffect: boolean }
  /** No answer, ever. */
  | { readonly kind: 'silent'; readonly takesEffect: boolean }
  /** The system's own refusal with this status; nothing happens. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  /** The answer's first half, then the connection is cut. */
  | { readonly kind: 'half'; readonly takesEffect: boolean }
  /** It takes effect and is answered, but only then. */
  | { readonly kind: 'held'; readonly until: Promise<void> }
  /** 200, and a text that no client asked for. */
  | { readonly kind: 'garbage'; readonly takesEffect: boolean };

/** Chooses a fault for a call; undefined: none. */
export type FaultChooser = (call: Call) => Fault | undefined;

/** A fault for every call of these methods; the first `times` of them where given. */
export function failing(
  fault: Fault,
  methods: readonly string[],
  times = Number.POSITIVE_INFINITY,
): FaultChooser {
  let left = times;
  return (call) => {
    if (!methods.includes(call.method) || left <= 0) return undefined;
    left -= 1;
    return fault;
  };
}

/** Whether the call reaches the system in spite of the fault. */
export function takesEffect(fault: Fault | undefined): boolean {
  if (fault === undefined) return true;
  return fault.kind === 'held' || (fault.kind !== 'status' && fault.takesEffect);
}
