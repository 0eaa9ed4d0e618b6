package registry

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Addresses at which clouds serve their machines' secrets, besides the link-local ones.
var metadataAddresses = []netip.Prefix{
	netip.MustParsePrefix("fd00:ec2::/32"),      // Amazon
	netip.MustParsePrefix("fd20:ce::254/128"),   // Google
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba
	netip.MustParsePrefix("168.63.129.16/32"),   // Azure
}

// Prefixes of IPv6 addresses that contain one of IPv4, and where.
var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4 = netip.MustParsePrefix("2002::/16")
)

// isPrivileged reports whether an address is one of a machine's own network, where clouds serve secrets.
func isPrivileged(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	b := ip.As16()
	switch {
	case nat64.Contains(ip):
		ip = netip.AddrFrom4([4]byte(b[12:16]))
	case sixTo4.Contains(ip):
		ip = netip.AddrFrom4([4]byte(b[2:6]))
	}
	return ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() ||
		slices.ContainsFunc(metadataAddresses, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// isPrivilegedHost reports whether a host names such an address itself, in any spelling that resolvers
// take. What a name resolves to shows when the connection is dialled.
func isPrivilegedHost(host string) bool {
	name := strings.ToLower(strings.TrimSuffix(hostname(host), "."))
	switch name {
	case "metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal":
		return true
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		return isPrivileged(ip)
	}
	ip, ok := parseIPv4(name)
	return ok && isPrivileged(ip)
}

// parseIPv4 reads an address as C's inet_aton does: one to four numbers, decimal, octal or hexadecimal, of
// which the last fills all that is left.
func parseIPv4(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	var ip uint64
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 0, 32)
		if err != nil || len(parts) > 4 || strings.ContainsAny(part, "_bo") {
			return netip.Addr{}, false
		}
		if i == len(parts)-1 {
			ip |= n
		} else {
			ip |= (n & 0xff) << (24 - 8*i)
		}
	}
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}), true
}

// guardDials makes a transport refuse connections to a machine's own network, whatever name led there.
func guardDials(tr *http.Transport) {
	dialer := &net.Dialer{
		Timeout: dialTimeout, KeepAlive: dialTimeout,
		Control: func(_, address string, _ syscall.RawConn) error {
			if at, err := netip.ParseAddrPort(address); err == nil && isPrivileged(at.Addr()) {
				return problemf(Refused, "the registry sends on to %s, an address of this machine's own network, which is refused", at.Addr())
			}
			return nil
		},
	}
	tr.DialContext = dialer.DialContext
}
