# Answers ARP and neighbour solicitations for VIPs on one interface and sends gratuitous ARP / unsolicited neighbour
# advertisements, as MetalLB's speaker does in L2 mode: from packet sockets, the kernel itself never owns the address.
# Commands on standard input, one a line: "add VIP" (answer, and announce once), "del VIP", "announce VIP".
# Each is answered with "ok" or "error …" when it is in force. Usage: perl announcer.pl DEV
use strict; use warnings; use Socket qw(SOCK_RAW SOL_SOCKET AF_INET AF_INET6 inet_pton);
my ($dev) = @ARGV;
my $dir = "/proc/sys/net/ipv4/conf/$dev";
-d $dir or die "no interface $dev\n";
socket(my $ask, AF_INET, 2, 0) or die $!;
my $request = pack('a16x24', $dev);
ioctl($ask, 0x8933, $request) or die "index of $dev: $!\n";
my $index = unpack('x16i', $request);
$request = pack('a16x24', $dev);
ioctl($ask, 0x8927, $request) or die "MAC of $dev: $!\n";
my $mac = substr($request, 18, 6);

my $arp = packet_socket(0x0806, [0x28, 0, 0, 12], [0x15, 0, 1, 0x0806], [6, 0, 0, 65535], [6, 0, 0, 0]);
# IPv6, next header 58 (offset 14+6), type 135 neighbour solicitation (offset 14+40).
my $nd = packet_socket(0x86dd, [0x30, 0, 0, 20], [0x15, 0, 3, 58], [0x30, 0, 0, 54], [0x15, 0, 1, 135],
  [6, 0, 0, 65535], [6, 0, 0, 0]);
my %vips;
my $input = '';
$| = 1;
print "ok\n";
while (1) {
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for (\*STDIN, $arp, $nd);
  select($ready, undef, undef, undef) >= 0 or next;
  if (vec($ready, fileno(STDIN), 1)) {
    sysread(STDIN, $input, 4096, length $input) or exit 0;
    while ($input =~ s/^(.*)\n//) { command(split ' ', $1); }
  }
  answer_arp() if vec($ready, fileno($arp), 1);
  answer_nd() if vec($ready, fileno($nd), 1);
}

sub packet_socket {
  my ($protocol, @filter) = @_;
  socket(my $socket, 17, SOCK_RAW, unpack('n', pack('S', $protocol))) or die "packet socket: $!\n";
  my $program = join '', map { pack 'SCCL', @$_ } @filter;
  my $option = pack('Sx6P', scalar @filter, $program);
  setsockopt($socket, SOL_SOCKET, 26, $option) or die "filter: $!\n";
  bind($socket, pack('SnlSCCx8', 17, $protocol, $index, 0, 0, 0)) or die "bind to $dev: $!\n";
  return $socket;
}

sub command {
  my ($verb, $vip) = @_;
  my $bytes = defined $vip ? inet_pton($vip =~ /:/ ? AF_INET6 : AF_INET, $vip) : undef;
  return print "error bad command\n" unless defined $bytes;
  if ($verb eq 'add') { $vips{$bytes} = 1; announce($bytes); }
  elsif ($verb eq 'del') { delete $vips{$bytes}; }
  elsif ($verb eq 'announce') { announce($bytes); }
  else { return print "error unknown command $verb\n"; }
  print "ok\n";
}

sub answer_arp {
  sysread($arp, my $frame, 2048) or return;
  my ($op, $asker_mac, $asker, $target) = unpack('x20na6a4x6a4', $frame);
  return unless $op == 1 && $vips{$target} && $asker ne $target;
  send_arp(2, $asker_mac, $target, $asker_mac, $asker);
}

sub answer_nd {
  sysread($nd, my $frame, 2048) or return;
  return if length $frame < 78;
  my ($asker_mac, $asker, $target) = unpack('x6a6x10a16x24a16', $frame);
  return unless $vips{$target} && $asker ne "\0" x 16;
  send_na($asker_mac, $asker, $target, 0x60000000);
}

# MetalLB sends both a gratuitous request and a gratuitous reply (some peers heed only one).
sub announce {
  my ($vip) = @_;
  my $all = "\xff" x 6;
  if (length $vip == 4) { send_arp($_, $all, $vip, $all, $vip) for 1, 2; }
  else { send_na("\x33\x33\0\0\0\1", inet_pton(AF_INET6, 'ff02::1'), $vip, 0x20000000); }
}

sub send_arp {
  my ($op, $to_mac, $sender, $target_mac, $target) = @_;
  my $frame = pack('a6a6n', $to_mac, $mac, 0x0806)
    . pack('nnCCna6a4a6a4', 1, 0x0800, 6, 4, $op, $mac, $sender, $target_mac, $target);
  syswrite($arp, $frame);
}

sub send_na {
  my ($to_mac, $to, $vip, $flags) = @_;
  my $body = pack('Na16CCa6', $flags, $vip, 2, 1, $mac);
  my $sum = checksum($vip . $to . pack('NN', 4 + length $body, 58) . pack('CCn', 136, 0, 0) . $body);
  my $payload = pack('CCn', 136, 0, $sum) . $body;
  # The source is the VIP itself: valid for an advertisement, and it spares looking up the link-local address.
  my $packet = pack('NnCCa16a16', 0x60000000, length $payload, 58, 255, $vip, $to) . $payload;
  syswrite($nd, pack('a6a6n', $to_mac, $mac, 0x86dd) . $packet);
}

sub checksum {
  my $sum = 0;
  $sum += $_ for unpack('n*', $_[0]);
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  return ~$sum & 0xffff;
}
