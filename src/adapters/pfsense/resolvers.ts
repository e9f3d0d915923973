/*
 * The box's own resolvers (pfSense unbound.inc, services.inc): Unbound and the dnsmasq forwarder, their host and domain
 * overrides, and names of static DHCP leases where they are registered. Free-text options are only recognised by the
 * directives that change answers; their values are not kept, since people put keys there.
 */
import type { NameRule, Resolver } from '#estate/dns.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { add, type Box, miss, quoted } from './context.ts';
import { all, at, has, text } from './decode.ts';
import type { XmlElement } from './xml.ts';

type Program = 'unbound' | 'dnsmasq';

export function convertResolvers(box: Box): void {
  for (const program of ['unbound', 'dnsmasq'] as const) {
    const element = at(box.root, program);
    if (element !== undefined && has(element, 'enable')) new ResolverReader(box, program, element).read();
  }
}

class ResolverReader {
  readonly #box: Box;
  readonly #program: Program;
  readonly #element: XmlElement;
  readonly #id: string;
  #position = 0;

  constructor(box: Box, program: Program, element: XmlElement) {
    this.#box = box;
    this.#program = program;
    this.#element = element;
    this.#id = `${program}/${box.firewall}`;
  }

  read(): void {
    add(this.#box, 'resolver', this.#resolver(), this.#element, this.#program);
    for (const [i, host] of all(this.#element, 'hosts').entries())
      this.#host(host, `${this.#program}/hosts[${i}]`);
    for (const [i, override] of all(this.#element, 'domainoverrides').entries()) {
      this.#domain(override, `${this.#program}/domainoverrides[${i}]`);
    }
    if (has(this.#element, 'regdhcpstatic')) this.#staticLeases();
    this.#options();
    if (has(this.#element, 'forwarding') || this.#program === 'dnsmasq') this.#upstream();
  }

  #resolver(): Resolver {
    const address = insideAddress(this.#box);
    const max = Number(text(this.#element, 'cache_max_ttl') ?? 86_400);
    const min = Number(text(this.#element, 'cache_min_ttl') ?? 0);
    const cache = {
      maxTtlSeconds: max,
      minTtlSeconds: min,
      // "Serve Expired"; Unbound without serve-expired-ttl keeps stale answers without limit, a day is its cache's bound here
      serveStaleSeconds: has(this.#element, 'dnsrecordcache') ? 86_400 : 0,
    };
    return {
      id: this.#id,
      program: this.#program,
      ...(address && { address }),
      serves: [],
      ...(this.#program === 'unbound' && { cache }),
    };
  }

  #add(rule: NameRule['rule'], element: XmlElement, object: string): void {
    add(this.#box, 'nameRule', { resolver: this.#id, position: this.#position++, rule }, element, object);
  }

  #host(element: XmlElement, object: string): void {
    const addresses = addressesIn(text(element, 'ip'));
    const aliases = all(at(element, 'aliases'), 'item');
    for (const one of [element, ...aliases]) {
      const written = [text(one, 'host'), text(one, 'domain')].filter((part) => part !== undefined).join('.');
      const name = parseName(written);
      if (name === undefined || name === '' || addresses.length === 0) {
        this.#miss(object, `a host override, ${quoted(written)}, has no readable name or address`, one);
      } else this.#add({ kind: 'host', name, addresses }, one, object);
    }
  }

  /** `!` as the address means "not forwarded"; `1.2.3.4@5353` names a port. */
  #domain(element: XmlElement, object: string): void {
    const zone = parseName(text(element, 'domain') ?? '');
    const to = (text(element, 'ip') ?? '').split(/[\s,]+/).filter((ip) => ip !== '' && ip !== '!');
    if (zone === undefined || zone === '')
      this.#miss(object, 'a domain override has no readable domain', element);
    else this.#add({ kind: 'forward', zone, to }, element, object);
  }

  #staticLeases(): void {
    const domain = text(this.#box.root, 'system/domain') ?? '';
    for (const scope of at(this.#box.root, 'dhcpd')?.children ?? []) {
      for (const [i, lease] of all(scope, 'staticmap').entries()) {
        const host = text(lease, 'hostname');
        const addresses = addressesIn(text(lease, 'ipaddr'));
        const suffix = text(lease, 'domain') ?? text(scope, 'domain') ?? domain;
        const name = host === undefined ? undefined : parseName(`${host}.${suffix}`);
        const object = `dhcpd/${scope.name}/staticmap[${i}]`;
        if (name !== undefined && addresses.length > 0)
          this.#add({ kind: 'host', name, addresses }, lease, object);
      }
    }
  }

  #options(): void {
    const written = at(this.#element, 'custom_options');
    if (written === undefined || written.text === '') return;
    const options = this.#program === 'unbound' ? fromBase64(written.text) : written.text;
    const changing =
      /^\s*(local-data|local-zone|forward-zone|stub-zone|rpz|include|address=|alias=|server=|cname=|addn-hosts=)/;
    for (const line of options.split(/\r?\n/)) {
      const directive = changing.exec(line)?.[1];
      if (directive === undefined) continue;
      const host = this.#program === 'unbound' ? hostOfLocalData(line) : undefined;
      const object = `${this.#program}/custom_options`;
      if (host) this.#add({ kind: 'host', ...host }, written, object);
      else
        this.#add(
          { kind: 'unknown', text: `${directive.replace(/=$/, '')} in custom options` },
          written,
          object,
        );
    }
  }

  #upstream(): void {
    const servers = all(at(this.#box.root, 'system'), 'dnsserver');
    const to = servers
      .flatMap((s) => parseIp(s.text) ?? [])
      .filter((ip) => !ip.startsWith('127.') && ip !== '::1');
    if (to.length > 0) {
      this.#add({ kind: 'forward', zone: '' as DnsName, to }, this.#element, `${this.#program}/forwarding`);
    }
    if (has(this.#box.root, 'system/dnsallowoverride') && to.length === 0) {
      const what = `${this.#id} forwards to servers that the provider hands out; the file does not name them`;
      miss(this.#box, {
        about: `${this.#program}/forwarding`,
        what,
        kinds: ['resolver'],
        element: this.#element,
      });
    }
  }

  #miss(about: string, what: string, element: XmlElement): void {
    miss(this.#box, { about, what: `${this.#id}: ${what}`, kinds: ['nameRule'], element });
  }
}

/** `local-data: "name [ttl] [IN] A 10.0.0.1"`. */
function hostOfLocalData(line: string): { name: DnsName; addresses: readonly Ip[] } | undefined {
  const parts = /local-data:\s*["'](\S+)\s+(?:\d+\s+)?(?:IN\s+)?(?:A|AAAA)\s+(\S+)["']/i.exec(line);
  const name = parseName(parts?.[1] ?? '');
  const address = parseIp(parts?.[2] ?? '');
  return name && address ? { name, addresses: [address] } : undefined;
}

function addressesIn(list: string | undefined): readonly Ip[] {
  return (list ?? '').split(/[\s,]+/).flatMap((ip) => parseIp(ip) ?? []);
}

function fromBase64(coded: string): string {
  return Buffer.from(coded, 'base64').toString('utf8');
}

/** An address on which clients inside reach the box: of the LAN, else of the first interface that is no WAN. */
function insideAddress(box: Box): Ip | undefined {
  const interfaces = box.facts.flatMap((f) =>
    f.kind === 'firewallInterface' && 'device' in f.value ? [f.value] : [],
  );
  const inside = interfaces.filter((i) => i.isEnabled && !i.isWan && i.ipv4 !== undefined);
  return (inside.find((i) => i.name === 'lan') ?? inside[0])?.ipv4?.ip;
}
