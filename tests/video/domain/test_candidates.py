"""What is relay-only shows no address, wherever somebody hides it."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.video.domain.candidates import (
    candidate_shows_address,
    description_shows_address,
    shows_address,
)

pytestmark = pytest.mark.domain

RELAY = (
    "candidate:842163049 1 udp 41885439 198.51.100.7 49203 typ relay raddr 0.0.0.0 rport 0"
    " generation 0 ufrag 4ZcD network-id 1 network-cost 10"
)
RELAY_6 = "candidate:1 1 UDP 41885439 2001:db8::7 49203 typ relay raddr :: rport 0"
SDP = "\r\n".join(
    [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=msid-semantic: WMS",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=ice-ufrag:4ZcD",
        "a=ice-pwd:2/1muCWoOi3uLifh0NuRHlqR",
        "a=ice-options:trickle",
        "a=fingerprint:sha-256 75:74:5A:A6:A4:E5:52:F4:A7:67:4C:01:C7:EE:91:3F:21:3D:A2:E3:53:7B:6F:30:86:F2:30:AA:65:FB:04:24",
        "a=setup:actpass",
        "a=mid:0",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "a=rtpmap:111 opus/48000/2",
        "a=ssrc:3735928559 cname:5tD5n2cqjvW3sQ4e",
        f"a={RELAY}",
        "a=end-of-candidates",
        "",
    ]
)
FIREFOX = "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 4294967 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\n"
RELAYED = SDP.replace("c=IN IP4 0.0.0.0", "c=IN IP4 198.51.100.7").replace(
    "a=rtcp:9 IN IP4 0.0.0.0", "a=rtcp:49203 IN IP4 198.51.100.7"
)
HOST = "candidate:1 1 udp 2113937151 192.0.2.4 56143 typ host generation 0"
SHOWING = [
    HOST,
    "candidate:1 1 udp 2113937151 0b34ae6a-5a2b-4d3c-8d2a-3a3d9f1f2b11.local 56143 typ host",
    "candidate:2 1 udp 1677729535 203.0.113.9 56143 typ srflx raddr 0.0.0.0 rport 0",
    "candidate:3 1 udp 1677729535 203.0.113.9 56143 typ prflx raddr 0.0.0.0 rport 0",
    "candidate:4 1 tcp 1518149375 192.0.2.4 9 typ host tcptype active",
    RELAY.replace("raddr 0.0.0.0", "raddr 192.0.2.4"),
    RELAY.replace("raddr 0.0.0.0", "raddr 2001:db8::4"),
    RELAY.replace("raddr 0.0.0.0", "raddr 0b34ae6a.local"),
    RELAY.replace("raddr 0.0.0.0", "raddr ::ffff:192.0.2.4"),
    RELAY + " x-host 192.0.2.4",
    RELAY + " raddr 192.0.2.4",
    RELAY.replace("typ relay", "typ RELAY"),
    RELAY.replace("198.51.100.7", "relay.local"),
    "typ relay",
    "nonsense",
    RELAY + "\r\na=" + HOST,
    RELAY + "\n" + HOST,
    HOST.replace("typ host", "typ relay typ host"),
]


@pytest.mark.parametrize("text", ["", RELAY, RELAY_6, f"a={RELAY}"])
def test_a_relays_candidate_shows_nothing(text: str) -> None:
    assert not candidate_shows_address(text)


@pytest.mark.parametrize("text", SHOWING)
def test_every_other_candidate_shows_something(text: str) -> None:
    assert candidate_shows_address(text)
    assert shows_address({"candidates": [{"candidate": RELAY}, {"candidate": text}]})
    assert description_shows_address(SDP + f"a={text}\r\n") or not text.startswith("candidate")


@pytest.mark.parametrize("sdp", ["", SDP, FIREFOX, RELAYED, SDP.replace("\r\n", "\n")])
def test_what_browsers_write_with_relays_alone_passes(sdp: str) -> None:
    assert not description_shows_address(sdp)
    assert not shows_address({"description": {"type": "offer", "sdp": sdp}})


@pytest.mark.parametrize(
    "line",
    [
        "c=IN IP4 192.0.2.4",
        "c=IN IP6 2001:db8::4",
        "c=IN IP4 192.0.2.4/127",
        "a=rtcp:9 IN IP4 192.0.2.4",
        "o=- 1 2 IN IP4 192.0.2.4",
        "o=- 1 2 IN IP6 2001:db8::4",
        "c=IN IP4 127.0.0.1",
        "s=my address is 192.0.2.4, you know",
        "a=remote-candidates:1 192.0.2.4 9",
        "a=x:2001:db8::4",
        "i=[2001:db8::4]",
        "c=IN IP4 0b34ae6a.local",
        "a=candidates:1 192.0.2.4",
    ],
)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_an_address_in_any_line_is_found(line: str, end: str) -> None:
    assert description_shows_address(SDP.replace("s=-\r\n", f"s=-\r\n{line}{end}"))


def test_what_has_no_address_passes() -> None:
    assert not shows_address({"restart": True})
    assert not shows_address({"candidates": [None, {"candidate": "", "sdpMid": "0"}]})
    assert not shows_address({"description": {"type": "rollback"}})


def test_the_other_parts_of_a_candidate_are_looked_at_too() -> None:
    assert shows_address({"candidates": [{"candidate": RELAY, "usernameFragment": "192.0.2.4"}]})
    assert not shows_address(
        {"candidates": [{"candidate": RELAY, "usernameFragment": "4ZcD", "sdpMid": "0"}]}
    )


def shows_somebody(address: IPv4Address | IPv6Address) -> bool:
    """Neither a placeholder nor the relay of the examples, also where it is written as an IPv6 address."""
    plain = getattr(address, "ipv4_mapped", None) or address
    return not (plain.is_unspecified or plain.is_loopback or str(plain) == "198.51.100.7")


ADDRESSES = st.ip_addresses().filter(shows_somebody)
LINES = SDP.split("\r\n")


@given(
    address=ADDRESSES, place=st.integers(0, len(LINES) - 1), before=st.sampled_from([" ", "=", "/", "a=x "])
)
def test_no_address_gets_through_a_description(address: Any, place: int, before: str) -> None:
    lines = [*LINES[:place], f"{LINES[place]}{before}{address}", *LINES[place + 1 :]]
    assert description_shows_address("\r\n".join(lines))


@given(
    address=ADDRESSES,
    kind=st.sampled_from(["host", "srflx", "prflx", "relay"]),
    name=st.sampled_from(["raddr", "x"]),
)
def test_no_address_gets_through_a_candidate(address: Any, kind: str, name: str) -> None:
    text = f"candidate:1 1 udp 1 198.51.100.7 9 typ {kind} {name} {address} rport 9"
    assert candidate_shows_address(text)


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    description_shows_address(text)
    if candidate_shows_address(text):
        assert text
