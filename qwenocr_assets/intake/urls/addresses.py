"""Which network addresses a URL of somebody else's may lead to: the public internet, and what the settings allow.

A list of URLs is data from people, fetched from inside a network. Without this, a line of it could read the machine's
own services, a router, or a cloud's metadata service with its credentials.
"""

import ipaddress
from collections.abc import Sequence

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is assigned to the internet (RFC 4291); what lies outside is somebody's own, or not in use."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 behind a translator (RFC 6052)."""
_IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")
_IPV4_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")
_CLOUD_SERVICES = {ipaddress.IPv4Address("168.63.129.16")}
"""Public by its number, and in truth the host under every machine in Azure."""


def refusal(address: str, allowed: Sequence[Network] = ()) -> str | None:
    """Why this numeric address may not be connected to; None when it may.

    An IPv6 address that carries an IPv4 address is judged by that one. `allowed` are networks that may be reached
    although they are not public.
    """
    ip = inner_address(ipaddress.ip_address(address))
    if any(ip in network for network in allowed):
        return None
    return _kind(ip)


def inner_address(ip: IPAddress) -> IPAddress:
    """The IPv4 address in an IPv6 address that stands for one; otherwise the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    if ip in _NAT64 or ip in _IPV4_TRANSLATED or (ip in _IPV4_COMPATIBLE and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip


def _kind(ip: IPAddress) -> str | None:
    if ip.is_unspecified or ip.is_loopback:
        return "this machine itself"
    if ip.is_link_local:
        return "a link-local address, like those of cloud metadata services"
    if ip.is_multicast:
        return "a multicast address"
    if ip in _CLOUD_SERVICES:
        return "a service of the cloud under this machine"
    if not ip.is_global or ip.is_reserved:
        return "an address of a private or reserved network"
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _GLOBAL_IPV6:
        return "an address outside the public internet"
    return None
