/*
 * Hits by router, peer, client and protocol. Keys are the raw texts of a line, so that a line that was seen before costs
 * four look-ups and nothing else; what the texts mean is worked out once for each counter. Bounded: a log is written by
 * whoever sends requests.
 */

export interface Count {
  readonly router: string;
  /** Address of the socket without its port; '' where the format has none. */
  readonly peer: string;
  readonly client: string;
  readonly protocol: string;
  hits: number;
  readonly firstLine: number;
}

type ByProtocol = Map<string, Count>;
type ByClient = Map<string, ByProtocol>;
type ByPeer = Map<string, ByClient>;

export class Counter {
  readonly #routers = new Map<string, ByPeer>();
  readonly #limit: number;
  readonly #counts: Count[] = [];
  /** Lines that were readable and found no room. */
  overflow = 0;
  #lastRouter = '';
  #lastPeers: ByPeer = new Map();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get counts(): readonly Count[] {
    return this.#counts;
  }

  hit(router: string, peer: string, client: string, protocol: string, line: number): void {
    const known = this.#peersOf(router).get(peer)?.get(client)?.get(protocol);
    if (known !== undefined) known.hits++;
    else
      this.#open({
        router: own(router),
        peer: own(peer),
        client: own(client),
        protocol: own(protocol),
        hits: 1,
        firstLine: line,
      });
  }

  #peersOf(router: string): ByPeer {
    if (router === this.#lastRouter) return this.#lastPeers;
    const peers = this.#routers.get(router);
    if (peers === undefined) return new Map();
    this.#lastRouter = own(router);
    this.#lastPeers = peers;
    return peers;
  }

  #open(count: Count): void {
    if (this.#counts.length >= this.#limit) {
      this.overflow++;
      return;
    }
    const clients = at(at(this.#routers, count.router), count.peer);
    at(clients, count.client).set(count.protocol, count);
    this.#counts.push(count);
  }
}

function at<V extends Map<string, unknown>>(map: Map<string, V>, key: string): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = new Map() as V;
  map.set(key, made);
  return made;
}

/** A copy that does not keep alive the piece of the file that it was cut from (V8 cuts strings without copying). */
function own(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'latin1').toString('latin1');
}
