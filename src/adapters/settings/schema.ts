/* The shape of sightline.yaml. docs/sightline.schema.json is made from it; a test holds the two together. */
import { z } from 'zod';
import { parseIp } from '#net/ip.ts';
import { parseName } from '#net/name.ts';
import { parseRange } from '#net/prefix.ts';

const id = z.string().min(1).max(200);
const ip = z.string().refine((t) => parseIp(t) !== undefined, 'expected an IP address');
const prefix = z
  .string()
  .refine(
    (t) => !t.includes('-') && parseRange(t) !== undefined,
    'expected a network such as 192.168.1.0/24',
  );
const range = z
  .string()
  .refine((t) => parseRange(t) !== undefined, 'expected an address, a network or a range a-b');
const name = z.string().refine((t) => parseName(t) !== undefined, 'expected a DNS name');
const port = z.number().int().min(1).max(65_535);
const protocol = z.enum(['tcp', 'udp', 'sctp']);
const service = z.string().regex(/^[^/\s]+\/[^/\s]+$/, 'expected NAMESPACE/NAME');
const seconds = z.number().int().min(0);

const vantagePoint = z.strictObject({
  id,
  kind: z.enum(['internet', 'lan', 'vpn', 'node', 'pod', 'tunnel-edge']),
  clients: z.array(ip).default([]).describe('addresses a flow may start from; one a family is enough'),
  networks: z.array(prefix).default([]),
  gateway: id.optional().describe('firewall/NAME whose interface is the default gateway there'),
  resolver: id.optional().describe('id of a resolver, or public'),
  cluster: id.optional().describe('needed for a node or pod where there are several clusters'),
  node: id.optional(),
  pod: service.optional(),
  tunnel: id.optional(),
  mtu: z.number().int().min(576).max(65_535).optional(),
});

const cache = z.strictObject({
  maxTtlSeconds: seconds.optional(),
  minTtlSeconds: seconds.optional(),
  serveStaleSeconds: seconds.default(0),
});

const resolver = z.strictObject({
  id,
  kind: z
    .enum(['technitium', 'bind', 'unbound', 'dnsmasq', 'coredns', 'public', 'unknown'])
    .default('unknown'),
  address: ip.optional(),
  serves: z.array(id).default([]).describe('dns/NAME folders whose zones it holds itself'),
  forwardsTo: id.optional().describe('resolver asked for everything else'),
  firewall: id.optional().describe('firewall/NAME that it runs on'),
  cluster: id.optional().describe('cluster whose Corefile configures it'),
  cache: cache.optional(),
});

const publicAddress = z.strictObject({
  address: ip,
  firewall: id.optional(),
  interface: id.optional(),
  through: z.array(id).default([]).describe('ids of unmanaged hops before it, outermost first'),
  bridge: id.optional().describe('id of the bridge that accepts there'),
});

const forward = z.strictObject({
  protocol,
  port: port.optional(),
  ports: z.array(port).max(1_000).optional(),
  to: ip.optional(),
  toPort: port.optional(),
});

const unmanagedHop = z.strictObject({
  id,
  reason: z.string().min(1),
  address: ip.optional(),
  between: z.array(id).max(2).optional(),
  forwards: z.array(forward).max(1_000).optional().describe('left out: not known at all'),
  clientAddress: z
    .enum(['kept', 'own', 'proxy-protocol', 'unknown'])
    .default('kept')
    .describe('what it does to the source address; a port forward of a router keeps it'),
});

const bridge = z.strictObject({
  id,
  program: z.string().optional(),
  config: z.string().optional(),
  address: ip,
  connectsFrom: ip.optional().describe('address that it shows to what it connects to'),
  forwards: z.array(forward).max(1_000).optional(),
  proxyProtocol: z.enum(['none', 'v1', 'v2']).default('none'),
  writes: z.enum(['operator']).optional(),
});

const protectedEndpoint = z
  .strictObject({
    name: id,
    service: service.optional(),
    cluster: id.optional(),
    address: ip.optional(),
    port,
    protocol: protocol.default('tcp'),
    from: z.array(id).default([]).describe('vantage points; empty: all that reach it today'),
    why: z.string().default(''),
  })
  .refine((e) => e.service !== undefined || e.address !== undefined, 'expected a service or an address');

const protectedPeople = z.strictObject({
  name: id,
  ranges: z.array(range).default([]),
  identities: z.array(z.string()).default([]),
});

const intended = z.strictObject({
  middleware: service,
  from: z.array(id).default([]),
  verdict: z.enum(['denied', 'refused']).default('denied'),
  why: z.string().default(''),
});

const invariant = z.strictObject({
  name: id,
  from: z.array(id).default([]),
  to: z
    .string()
    .refine((t) => parseIp(t) !== undefined || parseName(t) !== undefined, 'expected a name or an address'),
  port,
  protocol: protocol.default('tcp'),
  expects: z.enum(['delivered', 'refused']).default('delivered'),
});

const owned = z.strictObject({ setting: id, stack: z.string().optional() });

const repository = z.strictObject({
  id,
  kind: z
    .enum(['terraform', 'helm', 'kustomize', 'yaml', 'documents', 'cronjob', 'unknown'])
    .default('unknown'),
  path: z.string().optional(),
  object: service.optional().describe('the CronJob that writes'),
  applies: z
    .string()
    .regex(
      /^(manual|on-push|on-schedule|unknown|(\S+\s+){4}\S+)$/,
      'expected manual, on-push, on-schedule or a cron schedule',
    )
    .default('unknown'),
  schedule: z.string().optional(),
  pipeline: z.string().optional(),
  freeze: z.string().optional().describe('command that keeps it from applying by itself'),
  thaw: z.string().optional().describe('command that lets it apply by itself again'),
  apply: z.union([z.string(), z.array(z.string())]).optional(),
  from: id.optional().describe('vantage point that it is applied from'),
  needs: z.array(id).default([]).describe('HOST:PORT or NAMESPACE/SERVICE:PORT that applying it must reach'),
  owns: z
    .array(z.union([id, owned]))
    .max(10_000)
    .default([]),
});

const release = z.strictObject({
  id,
  kind: z.literal('helm').default('helm'),
  release: service,
  cluster: id.optional(),
  chart: z.string().min(1),
  version: z.string().optional(),
  repository: z.string().optional(),
  values: z.string().optional(),
  owns: z.array(z.union([id, owned])).default([]),
});

const document = z.union([
  z.string().min(1),
  z.strictObject({
    id,
    path: z.string().optional(),
    entries: z.array(z.union([z.number(), z.string()])).optional(),
    readable: z.boolean().default(true),
    reason: z.string().optional(),
  }),
]);

const reference = z
  .string()
  .regex(
    /^(env|file|cmd|kubeconfig):\S/,
    'expected a reference: env:NAME, file:PATH, cmd:COMMAND or kubeconfig:CONTEXT, never the secret',
  );

/** A name below the system's folder of the snapshot. */
const fileName = z
  .string()
  .regex(
    /^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[^\s\\]+$/,
    'expected a file of the system, as the snapshot names it',
  );
const presentReference = z.string().regex(/^(file|cmd):\S/, 'expected file:PATH or cmd:COMMAND');

const tsigKey = z.strictObject({
  view: id.optional().describe('left out: the server has no views'),
  name: id,
  algorithm: z.enum(['hmac-sha256', 'hmac-sha384', 'hmac-sha512', 'hmac-sha1']).default('hmac-sha256'),
  credential: reference,
});

const system = z.strictObject({
  id,
  kind: z.string().optional(),
  address: z.string().optional(),
  credential: reference.optional().describe('to read; also to write where writeCredential is left out'),
  writeCredential: reference.optional(),
  ca: z.string().optional().describe('file with the PEM of a private authority'),
  account: id.optional().describe("Cloudflare: the account's id"),
  tunnel: id.optional().describe("Cloudflare: the tunnel's id"),
  keys: z.array(tsigKey).optional().describe('TSIG keys for dynamic updates, one for each view'),
  others: z.array(z.string()).optional().describe('further authoritative servers that must show each change'),
  needs: z.array(id).default([]),
  read: z
    .record(fileName, presentReference)
    .optional()
    .describe('how files of its folder in the snapshot are read as they are now: file:PATH or cmd:COMMAND'),
  writes: z.enum(['operator', 'api', 'none']).optional(),
});

const monitor = z.strictObject({
  name: id,
  kind: z.string().optional(),
  url: z.string().optional(),
  expects: z
    .strictObject({ name, address: ip.optional(), reaches: service.optional(), from: id.optional() })
    .optional(),
  lastResult: z.string().optional(),
  writes: z.enum(['operator']).optional(),
});

/** Sections that are lists: each entry is checked by itself, so that a wrong one costs only itself. */
export const listSections = {
  vantagePoints: vantagePoint,
  resolvers: resolver,
  'exposure.publicAddresses': publicAddress,
  bridges: bridge,
  unmanaged: unmanagedHop,
  'protected.endpoints': protectedEndpoint,
  'protected.people': protectedPeople,
  intended,
  invariants: invariant,
  accept: z.strictObject({ gap: id, reason: z.string().min(1) }),
  repositories: repository,
  releases: release,
  documents: document,
  systems: system,
  monitors: monitor,
  'names.direct': name,
} as const;

export const durationsSchema = z.strictObject({
  operatorMinutes: z.number().min(0).max(100_000).default(10),
  maxStaleSeconds: seconds.default(3_600),
});

/** The whole file, for the published schema and for the names that it may use. */
export const settingsSchema = z.strictObject({
  format: z.literal(1),
  vantagePoints: z.array(vantagePoint).optional(),
  resolvers: z.array(resolver).optional(),
  exposure: z.strictObject({ publicAddresses: z.array(publicAddress).optional() }).optional(),
  bridges: z.array(bridge).optional(),
  unmanaged: z.array(unmanagedHop).optional(),
  protected: z
    .strictObject({
      endpoints: z.array(protectedEndpoint).optional(),
      people: z.array(protectedPeople).optional(),
    })
    .optional(),
  intended: z.array(intended).optional(),
  invariants: z.array(invariant).optional(),
  accept: z.array(listSections.accept).optional(),
  repositories: z.array(repository).optional(),
  releases: z.array(release).optional(),
  documents: z.array(document).optional(),
  systems: z.array(system).optional(),
  names: z.strictObject({ direct: z.array(name).optional() }).optional(),
  durations: durationsSchema.optional(),
  monitors: z.array(monitor).optional(),
});

export type Section = keyof typeof listSections;
export type Entry<S extends Section> = z.infer<(typeof listSections)[S]>;

/** JSON Schema (draft 2020-12) of the file as a person writes it. */
export function jsonSchema(): unknown {
  const schema = z.toJSONSchema(settingsSchema, { io: 'input' }) as Record<string, unknown>;
  return {
    ...schema,
    title: 'sightline.yaml',
    description: 'What no system of an estate can tell Sightline.',
  };
}
