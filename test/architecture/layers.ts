/**
 * Who may import whom: one entry per folder, with the reason. `docs/architecture.md` shows the same table,
 * and a test holds the two together. Downwards only.
 */

/** What code in a folder may do. */
export type Kind =
  /** Values in, values out: no waiting, no clock, no randomness, no input or output. */
  | 'pure'
  /** May wait for what it was given; still no clock, no randomness and no input or output of its own. */
  | 'waits'
  /** Meets the outside world. */
  | 'edge';

/** One row of the table. */
export interface Layer {
  /** Path from the project's root, without a slash at the end. */
  readonly folder: string;
  readonly kind: Kind;
  /** Other folders that it may import. */
  readonly imports: readonly string[];
  /** Folders, or single files, of which it may import types only. */
  readonly types?: readonly string[];
  /** Packages and `node:` modules allowed to a pure or waiting folder; `file=package` allows one file one package. */
  readonly packages?: readonly string[];
  readonly why: string;
}

const core = ['src/net', 'src/estate', 'src/dataplane', 'src/findings', 'src/plan', 'src/proof'];

/** The table, lowest folder first. */
export const layers: readonly Layer[] = [
  {
    folder: 'src/net',
    kind: 'pure',
    imports: [],
    packages: ['ipaddr.js', 'node:crypto'],
    why: 'addresses and names mean the same everywhere, so they know of nothing else',
  },
  {
    folder: 'src/estate',
    kind: 'pure',
    imports: ['src/net'],
    packages: ['src/estate/decode.ts=zod'],
    why: 'what exists is recorded before anyone has an opinion about it',
  },
  {
    folder: 'src/dataplane',
    kind: 'pure',
    imports: ['src/net', 'src/estate'],
    why: 'a walk gives the same trace for the same facts, or a proof could not reuse it',
  },
  {
    folder: 'src/findings',
    kind: 'pure',
    imports: ['src/net', 'src/estate', 'src/dataplane'],
    why: 'a finding explains the estate as it is; it does not know of plans',
  },
  {
    folder: 'src/plan',
    kind: 'pure',
    imports: ['src/net', 'src/estate', 'src/dataplane', 'src/findings'],
    why: 'a plan is data; the planner is handed the prover as a function, so the arrow points one way',
  },
  {
    folder: 'src/proof',
    kind: 'pure',
    imports: ['src/net', 'src/estate', 'src/dataplane', 'src/plan'],
    why: 'the prover judges any plan, also one that a person wrote, and must not lean on the planner or on findings',
  },
  {
    folder: 'src/report',
    kind: 'pure',
    imports: core,
    types: ['src/apply', 'src/probe'],
    why: 'values in, text out, so that whole reports can be compared with golden text',
  },
  {
    folder: 'src/apply',
    kind: 'waits',
    imports: ['src/net', 'src/estate', 'src/plan', 'src/proof'],
    why: 'it writes only through interfaces that it declares, so every failure can be played in a test',
  },
  {
    folder: 'src/probe',
    kind: 'waits',
    imports: ['src/net', 'src/estate', 'src/dataplane'],
    why: 'what to probe is decided from the model, how to probe is handed in',
  },
  {
    folder: 'src/adapters',
    kind: 'edge',
    imports: ['src/net', 'src/estate', 'src/plan/change.ts'],
    types: ['src/apply', 'src/probe'],
    why: 'an adapter turns one system into facts and changes into writes; what they mean is decided further in',
  },
  {
    folder: 'src/app',
    kind: 'edge',
    imports: [...core, 'src/report', 'src/apply', 'src/probe', 'src/adapters', 'lab'],
    why: 'one use case per file puts the parts together; only wire.ts names adapters',
  },
  {
    folder: 'src/cli',
    kind: 'edge',
    imports: ['src/app', 'src/report', 'src/net', 'src/estate/error.ts'],
    why: 'the command line reads arguments and prints; all that it does is a use case of app',
  },
  {
    folder: 'src/server',
    kind: 'edge',
    imports: ['src/app', 'src/report', 'src/net', 'src/estate/error.ts'],
    why: 'as the command line, for a browser',
  },
  {
    folder: 'web',
    kind: 'edge',
    imports: [],
    types: ['src/server/contract.ts'],
    why: 'the page knows the server by its contract alone',
  },
  {
    folder: 'lab',
    kind: 'edge',
    imports: ['src/net', 'src/estate', 'src/plan', 'src/report', 'src/apply', 'src/probe', 'src/adapters'],
    why: 'the kernel is asked for a second opinion, so lab and model must not share code that could share a mistake',
  },
];

/** Folders of tests and tools: they may import everything. */
export const outside = ['test', 'scripts', 'bench'];

/** Single files that a folder may not import although it may import their folder. */
export const closed: readonly { readonly from: string; readonly to: string; readonly why: string }[] = [
  {
    from: 'lab',
    to: 'src/plan/planner.ts',
    why: 'the planner decides by the model that the lab is to check',
  },
];

/** Files over 300 lines that are better left whole, each with the reason. */
export const longFiles: Readonly<Record<string, string>> = {};

/** The number of lines that a file may have without a reason. */
export const maxLines = 300;
