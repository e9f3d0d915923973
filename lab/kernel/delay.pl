# Delivers what asks one address and port late, as it came: source, destination and all. UDP: every datagram; TCP: the
# segments that push data, so that a connection stands at once and its answers come late. A packet socket takes them before
# the host's rules, the rule that delay.ts loads drops the original, and a raw socket sends the copy over the loopback once
# its time has come. For kernels without netem. Usage: perl delay.pl ADDRESS PORT MILLISECONDS
use strict; use warnings; use Socket qw(SOCK_RAW SOL_SOCKET AF_INET AF_INET6 inet_pton sockaddr_in sockaddr_in6);
my ($address, $port, $ms) = @ARGV;
my $is6 = $address =~ /:/;
my $family = $is6 ? AF_INET6 : AF_INET;
my $target = inet_pton($family, $address) or die "no address $address\n";
my $loopback = 1;
my ($udp, $tcp, $push) = (17, 6, 8);
# Where in the IP header (which has no options here) the length, the next protocol and the destination stand, and its size.
my ($length_at, $protocol_at, $target_at, $header) = $is6 ? (4, 6, 24, 40) : (2, 9, 16, 20);

# By ethertype and next protocol, then by destination port; 14 bytes of Ethernet come first.
my @filter = ([0x30, 0, 0, 14 + $protocol_at], [0x15, 1, 0, $udp], [0x15, 0, 3, $tcp],
  [0x28, 0, 0, 14 + $header + 2], [0x15, 0, 1, $port], [6, 0, 0, 65535], [6, 0, 0, 0]);
socket(my $in, 17, SOCK_RAW, unpack('n', pack('S', $is6 ? 0x86dd : 0x0800))) or die "packet socket: $!\n";
my $program = join '', map { pack 'SCCL', @$_ } @filter;
setsockopt($in, SOL_SOCKET, 26, pack('Sx6P', scalar @filter, $program)) or die "filter: $!\n";
socket(my $out, $family, SOCK_RAW, 255) or die "raw socket: $!\n";
my $to = $is6 ? sockaddr_in6(0, $target) : sockaddr_in(0, $target);
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
    send($out, $packet, 0, $to);
  }
}

sub take {
  my $from = recv($in, my $frame, 65535, 0) // return;
  my (undef, undef, $index) = unpack('SSl', $from);
  return if $index == $loopback || length $frame < 14 + $header + 8;
  my $length = unpack('n', substr($frame, 14 + $length_at, 2)) + ($is6 ? $header : 0);
  my $packet = substr($frame, 14, $length);
  return if substr($packet, $target_at, length $target) ne $target;
  my $protocol = ord substr($packet, $protocol_at, 1);
  return if $protocol == $tcp && !(ord(substr($packet, $header + 13, 1)) & $push);
  push @held, [now() + $ms / 1000, summed($packet, $protocol)];
}

# A checksum that the sender left to its card would be wrong here (RFC 768, RFC 9293, RFC 8200 section 8.1).
sub summed {
  my ($packet, $protocol) = @_;
  my $at = $header + ($protocol == $udp ? 6 : 16);
  substr($packet, $at, 2) = "\0\0";
  my $body = substr($packet, $header);
  my $ends = substr($packet, $target_at - length $target, 2 * length $target);
  my $sum = 0;
  $sum += $_ for unpack 'n*', $ends . pack('NN', length $body, $protocol) . $body . "\0" x (length($body) % 2);
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  substr($packet, $at, 2) = pack('n', (~$sum & 0xffff) || 0xffff);
  return $packet;
}

sub now {
  open(my $file, '<', '/proc/uptime') or die $!;
  my ($seconds) = split ' ', <$file>;
  return $seconds;
}
