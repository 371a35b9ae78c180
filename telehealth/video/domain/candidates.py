"""Whether a signal shows somebody's network address: what is relay-only may not.

Candidates as in RFC 8839 section 5.1, descriptions as in RFC 8866. In doubt the answer is yes.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

IpAddress = IPv4Address | IPv6Address

# foundation, component, transport, priority, address, port, type, and pairs of a name and a value
CANDIDATE = re.compile(
    r"(?:a=)?candidate:[A-Za-z0-9+/]{1,32} \d{1,5} (?:udp|tcp|UDP|TCP) \d{1,10} (?P<address>\S+) \d{1,5}"
    r" typ (?P<type>[a-z]+)(?P<more>(?: \S+ \S+)*) ?"
)
IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
LINE_END = re.compile(r"\r\n|\r|\n")


def shows_address(signal: Mapping[str, Any]) -> bool:
    """True where a message (`check_signal` has passed it) holds an address that is not a relay's."""
    if "description" in signal:
        return description_shows_address(signal["description"].get("sdp", ""))
    return any(_batched_shows_address(candidate) for candidate in signal.get("candidates", ()))


def candidate_shows_address(text: str) -> bool:
    """True unless it is the candidate of a relay, without the address that it stands for."""
    return bool(text) and _relay_address(text) is None


def description_shows_address(sdp: str) -> bool:
    """True where any line holds an address that is no relay's; a mere placeholder is none."""
    lines = LINE_END.split(sdp)
    candidates = [line for line in lines if line.startswith("a=candidate")]
    relays = {_relay_address(line) for line in candidates}
    if None in relays:
        return True
    for line in lines:
        if line.startswith("a=candidate"):
            continue
        # Chromium writes its loopback address there, whatever its real one is.
        is_origin = line.startswith("o=")
        for address in addresses_in(line):
            is_placeholder = address.is_unspecified or (is_origin and address.is_loopback)
            if not is_placeholder and address not in relays:
                return True
        if ".local" in line:
            return True
    return False


def addresses_in(text: str) -> Iterator[IpAddress]:
    """Every IP address in a line of text, wherever it stands."""
    for found in IPV4.findall(text):
        address = _address(found)
        if address is not None:
            yield address
    for word in re.split(r"[\s=/\[\]]+", text):
        # After a name with a colon, as in "a=rtcp:9 IN IP6 …" or "x:2001:db8::1", every rest may be one.
        parts = word.split(":")
        for start in range(len(parts) if len(parts) <= 12 else 0):
            address = _address(":".join(parts[start:])) if len(parts) - start > 2 else None
            if address is not None:
                yield address


def _batched_shows_address(candidate: Mapping[str, Any] | None) -> bool:
    if candidate is None:
        return False
    if candidate_shows_address(candidate.get("candidate") or ""):
        return True
    others = (part for name, part in candidate.items() if name != "candidate" and isinstance(part, str))
    return any(True for part in others for _ in addresses_in(part))


def _relay_address(text: str) -> IpAddress | None:
    """The address of a relay's candidate; None for any other, or one that shows what is behind the relay."""
    match = CANDIDATE.fullmatch(text)
    if match is None or match["type"] != "relay":
        return None
    words = match["more"].split()
    for name, value in zip(words[::2], words[1::2], strict=True):
        shown = list(addresses_in(f"{name} {value}"))
        if any(not address.is_unspecified for address in shown) or ".local" in value:
            return None
        if name == "typ" or (name == "raddr" and not shown):
            return None
    return _address(match["address"])


def _address(text: str) -> IpAddress | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
