/**
 * The Debian programs that the lab and the longer tests run, and how each is found or fetched.
 * Package and file names are those of Debian 12 (bookworm), read from its package lists on 2026-11-23.
 */

/** How one program is found on the machine, or unpacked from Debian packages when it is not there. */
export interface Recipe {
  /** Packages that bring it; every name that shares the same list shares one unpacked folder. */
  readonly packages: readonly string[];
  /** Folder of the cache that holds the unpacked packages. */
  readonly folder: string;
  /** Where the program lies below the root folder; the first that exists is used. */
  readonly files: readonly string[];
  /** Further settings of the environment; `@` stands for the root folder, `%` for the library triplet. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of private libraries below the root folder; `%` as above. */
  readonly libraries?: readonly string[];
  /** Dependencies by package name that running the program does not need. */
  readonly leaveOut?: RegExp;
  /** Files to take away after unpacking, because they need what was left out. */
  readonly remove?: readonly string[];
  /** Files that must lie beside a program of the machine's own, or it is not adequate; `%` as above. */
  readonly alsoNeeds?: readonly string[];
  /** How a program found elsewhere on PATH tells its version, and the lowest adequate one; none: never from there. */
  readonly version?: { readonly args: readonly string[]; readonly atLeast: readonly [number, number] };
  /** True if it is so large that only an explicit request fetches it. */
  readonly onDemand?: boolean;
}

/**
 * What dependencies bring for an installation, not for a run; and the C library, which every machine with Node has
 * and of which a second one would break programs.
 */
export const neverUnpacked =
  /^(libc6|libc-bin|libgcc-s1|gcc-.*-base|dpkg|tar|perl.*|libperl.*|lib.*-perl|debconf|adduser|passwd|ucf|usrmerge|init-system-helpers|sysvinit-utils|lsb-base|netbase|libpam-.*|postgresql-.*common|ssl-cert|locales|libc-l10n|tzdata|dns-root-data|.*-dev)$/;

const bind = {
  packages: ['bind9', 'bind9-dnsutils'],
  folder: 'bind9',
};

const postgres = {
  packages: ['postgresql-15', 'postgresql-client-15'],
  folder: 'postgresql-15',
  // LLVM only compiles long queries (100 MB unpacked); without its plug-in PostgreSQL runs them interpreted.
  leaveOut: /^(libllvm14|libz3-4)$/,
  remove: ['usr/lib/postgresql/15/lib/llvmjit.so'],
};

const crowdsec = { packages: ['crowdsec'], folder: 'crowdsec' };

const iptables = {
  packages: ['iptables'],
  folder: 'iptables',
  env: { XTABLES_LIBDIR: '@usr/lib/%/xtables' },
};

/** Every program by the name that the project calls it. */
export const catalogue = {
  nft: {
    version: { args: ['--version'], atLeast: [1, 0] },
    packages: ['nftables'],
    folder: 'nftables',
    files: ['usr/sbin/nft'],
  },
  ip: {
    version: { args: ['-V'], atLeast: [5, 10] },
    packages: ['iproute2'],
    folder: 'iproute2',
    files: ['sbin/ip', 'usr/sbin/ip', 'bin/ip'],
  },
  named: { version: { args: ['-v'], atLeast: [9, 16] }, ...bind, files: ['usr/sbin/named'] },
  dig: { version: { args: ['-v'], atLeast: [9, 16] }, ...bind, files: ['usr/bin/dig'] },
  nsupdate: { version: { args: ['-V'], atLeast: [9, 16] }, ...bind, files: ['usr/bin/nsupdate'] },
  postgres: {
    version: { args: ['--version'], atLeast: [13, 0] },
    ...postgres,
    files: ['usr/lib/postgresql/15/bin/postgres'],
  },
  initdb: {
    version: { args: ['--version'], atLeast: [13, 0] },
    ...postgres,
    files: ['usr/lib/postgresql/15/bin/initdb'],
  },
  psql: {
    version: { args: ['--version'], atLeast: [13, 0] },
    ...postgres,
    files: ['usr/lib/postgresql/15/bin/psql'],
  },
  crowdsec: { version: { args: ['-version'], atLeast: [1, 4] }, ...crowdsec, files: ['usr/bin/crowdsec'] },
  cscli: { version: { args: ['version'], atLeast: [1, 4] }, ...crowdsec, files: ['usr/bin/cscli'] },
  nginx: {
    packages: ['nginx', 'libnginx-mod-stream'],
    folder: 'nginx',
    files: ['usr/sbin/nginx'],
    alsoNeeds: ['usr/lib/nginx/modules/ngx_stream_module.so'],
  },
  haproxy: {
    version: { args: ['-v'], atLeast: [2, 2] },
    packages: ['haproxy'],
    folder: 'haproxy',
    files: ['usr/sbin/haproxy'],
  },
  caddy: {
    version: { args: ['version'], atLeast: [2, 6] },
    packages: ['caddy'],
    folder: 'caddy',
    files: ['usr/bin/caddy'],
    leaveOut: /^lib(nss|nspr)/,
  },
  iptables: {
    version: { args: ['--version'], atLeast: [1, 8] },
    ...iptables,
    files: ['usr/sbin/iptables-nft'],
  },
  'iptables-save': {
    version: { args: ['--version'], atLeast: [1, 8] },
    ...iptables,
    files: ['usr/sbin/iptables-nft-save'],
  },
  'iptables-restore': {
    version: { args: ['--version'], atLeast: [1, 8] },
    ...iptables,
    files: ['usr/sbin/iptables-nft-restore'],
  },
  'ip6tables-restore': {
    version: { args: ['--version'], atLeast: [1, 8] },
    ...iptables,
    files: ['usr/sbin/ip6tables-nft-restore'],
  },
  conntrack: {
    version: { args: ['--version'], atLeast: [1, 4] },
    packages: ['conntrack'],
    folder: 'conntrack',
    files: ['usr/sbin/conntrack'],
  },
  chromium: {
    packages: ['chromium', 'fonts-dejavu-core'],
    folder: 'chromium',
    files: ['usr/lib/chromium/chromium'],
    env: { FONTCONFIG_PATH: '@etc/fonts', XDG_DATA_HOME: '@usr/share' },
    libraries: ['usr/lib/%/pulseaudio'],
    leaveOut:
      /^(xdg-utils|adwaita-icon-theme|hicolor-icon-theme|gtk-update-icon-cache|dconf.*|dbus.*|systemd.*)$/,
    onDemand: true,
  },
} as const satisfies Readonly<Record<string, Recipe>>;

/** The name of a program that the project can bring. */
export type ProgramName = keyof typeof catalogue;

/** The recipe of a program, in its general type. */
export function recipeOf(name: ProgramName): Recipe {
  return catalogue[name];
}

/** All names, those fetched only on demand included. */
export const programNames = Object.keys(catalogue) as readonly ProgramName[];
