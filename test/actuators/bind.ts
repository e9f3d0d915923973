/* A BIND 9 with a proxy before it, for runs that go wrong at dynamic updates. Only where the machine has, or can fetch, named. */
import { bindActuator } from '#adapters/bind/index.ts';
import type { Actuator } from '#apply/actuator.ts';
import type { MissingProgram } from '#lab/programs.ts';
import { type DnsProxy, startDnsProxy } from '#lab/stand-ins/dns-proxy.ts';
import { type NamedStandIn, startNamed } from '#lab/stand-ins/named.ts';
import { apiChange } from '#test/planned.ts';

export interface BindPlace {
  /** Of the proxy. */
  readonly port: number;
  readonly keyName: string;
}

export const tsigName = 'TEST_TSIG';

export interface BindWorld {
  readonly kind: 'bind';
  readonly place: BindPlace;
  readonly proxy: DnsProxy;
  readonly named: NamedStandIn;
  stop(): Promise<void>;
}

/** Starts it and puts its key into the environment. */
export async function startBind(): Promise<BindWorld | MissingProgram> {
  const named = await startNamed([{ name: 'inside', zones: { 'example.org': ['@ 300 IN A 10.0.20.200'] } }]);
  if (named.kind === 'missing') return named;
  const proxy = await startDnsProxy(named);
  const [key] = Object.values(named.keys);
  process.env[tsigName] = key?.secret ?? '';
  return {
    kind: 'bind',
    place: { port: proxy.port, keyName: key?.name ?? '' },
    proxy,
    named,
    stop: async () => {
      await proxy.stop();
      await named.stop();
    },
  };
}

export function bindAt({ port, keyName }: BindPlace): Actuator {
  return bindActuator({
    system: 'dns/bind',
    address: '127.0.0.1',
    port,
    keys: { inside: { name: keyName, credential: `env:${tsigName}` } },
    others: [],
    timeoutMs: 5_000,
  });
}

export const bindChange = apiChange('bind', 'dns/bind', [
  {
    of: 'recordSet',
    id: 'dns/bind|inside|example.org|example.org|A',
    before: { values: ['10.0.20.200'] },
    after: { values: ['10.0.20.203'] },
  },
]);
