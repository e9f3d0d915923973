/* Many estates in many labs: how many flows agree, and every one that does not. */
import type { Flow } from '#dataplane/flow.ts';
import { flowsOf } from '#dataplane/flows.ts';
import { type Estate, readerOf } from '#estate/estate.ts';
import { startEstateLab } from '#lab/estate/estate-lab.ts';
import type { LabUnavailable } from '#lab/kernel/availability.ts';
import { compareAll, type FlowResult } from './differential.ts';
import { makeEstateFrom } from './differential-estates.ts';
import { loadSnapshot } from './load-snapshot.ts';

export interface EstateResult {
  readonly name: string;
  readonly results: readonly FlowResult[];
  readonly notBuilt: readonly string[];
  /** How kube-proxy works there. */
  readonly modes: readonly string[];
  readonly upMs: number;
  readonly ms: number;
}

/** Flows that `flowsOf` finds in a snapshot. */
export async function compareSnapshot(dir: string): Promise<EstateResult | LabUnavailable> {
  const { estate } = await loadSnapshot(dir);
  return compareEstate(dir, estate, flowsOf(readerOf(estate)));
}

export function compareMade(seed: number): Promise<EstateResult | LabUnavailable> {
  const made = makeEstateFrom(seed);
  return compareEstate(`seed ${seed}`, made.estate, made.flows);
}

async function compareEstate(
  name: string,
  estate: Estate,
  flows: readonly Flow[],
): Promise<EstateResult | LabUnavailable> {
  const began = performance.now();
  const lab = await startEstateLab(estate, { isSmall: true });
  if (lab.kind === 'unavailable') return lab;
  const upMs = performance.now() - began;
  try {
    const reader = readerOf(estate);
    const results = await compareAll(lab, reader, flows);
    const modes = reader.all('serviceProxy').map((p) => p.value.mode);
    return { name, results, modes, notBuilt: lab.compiled.notBuilt, upMs, ms: performance.now() - began };
  } finally {
    await lab.down();
  }
}
