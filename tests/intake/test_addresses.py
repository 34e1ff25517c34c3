"""Which addresses a URL of somebody else's may lead to."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.intake.urls.addresses import refusal

REFUSED = [
    # this machine
    ("127.0.0.1", "this machine"),
    ("127.255.255.254", "this machine"),
    ("0.0.0.0", "this machine"),
    ("::1", "this machine"),
    ("::", "this machine"),
    # metadata services of the clouds
    ("169.254.169.254", "link-local"),
    ("169.254.170.2", "link-local"),
    ("fe80::1", "link-local"),
    ("100.100.100.200", "private or reserved"),
    ("168.63.129.16", "service of the cloud"),
    ("fd00:ec2::254", "private or reserved"),
    # networks of one's own
    ("10.0.0.1", "private or reserved"),
    ("172.16.0.1", "private or reserved"),
    ("172.31.255.255", "private or reserved"),
    ("192.168.1.1", "private or reserved"),
    ("100.64.0.1", "private or reserved"),
    ("0.1.2.3", "private or reserved"),
    ("fc00::1", "private or reserved"),
    ("fdff::1", "private or reserved"),
    ("fec0::1", "outside the public"),
    # nobody's
    ("192.0.2.1", "private or reserved"),
    ("198.18.0.1", "private or reserved"),
    ("198.51.100.1", "private or reserved"),
    ("203.0.113.1", "private or reserved"),
    ("240.0.0.1", "private or reserved"),
    ("255.255.255.255", "private or reserved"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.250", "multicast"),
    ("ff02::1", "multicast"),
    ("2001:db8::1", "private or reserved"),
    ("4000::1", "private or reserved|outside the public"),
    # IPv4 in IPv6
    ("::ffff:127.0.0.1", "this machine"),
    ("::ffff:10.0.0.1", "private or reserved"),
    ("::ffff:169.254.169.254", "link-local"),
    ("::127.0.0.1", "this machine"),
    ("::ffff:0:127.0.0.1", "this machine"),
    ("64:ff9b::7f00:1", "this machine"),
    ("64:ff9b::a9fe:a9fe", "link-local"),
    ("64:ff9b:1::a00:1", "private or reserved"),
    ("2002:7f00:1::", "this machine"),
    ("2002:a00:1::1", "private or reserved"),
    ("2001:0:4136:e378:8000:63bf:f5ff:fffe", "private or reserved"),  # Teredo of 10.0.0.1
]


@pytest.mark.parametrize(("address", "words"), REFUSED, ids=[address for address, _ in REFUSED])
def test_refused(address: str, words: str) -> None:
    reason = refusal(address)
    assert reason is not None
    assert any(word in reason for word in words.split("|"))


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_taken(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize(
    ("address", "network", "taken"),
    [
        pytest.param("10.1.2.3", "10.1.0.0/16", True, id="in-it"),
        pytest.param("10.2.2.3", "10.1.0.0/16", False, id="beside-it"),
        pytest.param("::ffff:10.1.2.3", "10.1.0.0/16", True, id="in-it-as-ipv6"),
        pytest.param("fd12::1", "fd12::/16", True, id="ipv6"),
        pytest.param("169.254.169.254", "10.0.0.0/8", False, id="metadata-stay-refused"),
    ],
)
def test_a_network_may_be_allowed(address: str, network: str, taken: bool) -> None:
    assert (refusal(address, [ipaddress.ip_network(network)]) is None) is taken


@given(st.ip_addresses(v=4))
def test_the_forms_of_an_address_are_judged_alike(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    forms = [
        f"::ffff:{address}",
        str(ipaddress.IPv6Address((0x64FF9B << 96) | number)),
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))),
    ]
    assert {refusal(form) for form in forms} == {refusal(str(address))}


@given(st.ip_addresses())
def test_nothing_private_gets_through(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    carries_ipv4 = isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address.teredo)
    if (address.is_private or address.is_link_local or address.is_multicast) and not carries_ipv4:
        assert refusal(str(address)) is not None
