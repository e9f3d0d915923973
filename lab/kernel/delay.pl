# Delivers UDP datagrams to one IPv4 address and port late, as they came: source, destination and all. A packet socket
# takes them before the host's rules, the rule that delay.ts loads drops the original, and a raw socket sends the copy
# over the loopback once its time has come. For kernels without netem. Usage: perl delay.pl ADDRESS PORT MILLISECONDS
use strict; use warnings; use Socket qw(SOCK_RAW SOL_SOCKET AF_INET inet_aton sockaddr_in);
my ($address, $port, $ms) = @ARGV;
my $target = inet_aton($address) or die "no address $address\n";
my $loopback = 1;

# IPv4 (by the socket's protocol), next protocol 17 (offset 14+9), destination port (14+20+2), destination (14+16).
my @filter = ([0x30, 0, 0, 23], [0x15, 0, 5, 17], [0x28, 0, 0, 36], [0x15, 0, 3, $port], [0x20, 0, 0, 30],
  [0x15, 0, 1, unpack('N', $target)], [6, 0, 0, 65535], [6, 0, 0, 0]);
socket(my $in, 17, SOCK_RAW, unpack('n', pack('S', 0x0800))) or die "packet socket: $!\n";
my $program = join '', map { pack 'SCCL', @$_ } @filter;
setsockopt($in, SOL_SOCKET, 26, pack('Sx6P', scalar @filter, $program)) or die "filter: $!\n";
socket(my $out, AF_INET, SOCK_RAW, 255) or die "raw socket: $!\n";
my @held;
$| = 1;
print "ok\n";
while (1) {
  my $wait = @held ? $held[0][0] - now() : undef;
  $wait = 0 if defined $wait && $wait < 0;
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for (\*STDIN, $in);
  select($ready, undef, undef, $wait);
  if (vec($ready, fileno(STDIN), 1)) { sysread(STDIN, my $ignored, 4096) or exit 0; }
  take() if vec($ready, fileno($in), 1);
  while (@held && $held[0][0] <= now()) {
    my (undef, $packet) = @{shift @held};
    send($out, $packet, 0, sockaddr_in(0, $target));
  }
}

sub take {
  my $from = recv($in, my $frame, 65535, 0) // return;
  my (undef, undef, $index) = unpack('SSl', $from);
  return if $index == $loopback || length $frame < 42;
  my $packet = substr($frame, 14, unpack('x16n', $frame));
  # A checksum that the sender left to its card would be wrong here; none at all is allowed over IPv4 (RFC 768).
  substr($packet, 26, 2) = "\0\0";
  push @held, [now() + $ms / 1000, $packet];
}

sub now {
  open(my $file, '<', '/proc/uptime') or die $!;
  my ($seconds) = split ' ', <$file>;
  return $seconds;
}
