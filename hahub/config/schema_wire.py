"""The part of the schema about how adverts go over the wire."""

from typing import Annotated, ClassVar

from pydantic import Field

from hahub.config.grammar import Block, Grammar, Line
from hahub.config.values import AntiReplay, Flag, HmacMode, HostAddress, MulticastAddress, Secret, whole


class OldUnicastChecksum(Line):
    """``[never]``."""

    grammar: ClassVar[Grammar] = Grammar((), 0, flags={"never": ("never", True)}, what="never")

    never: Flag = Field(False, description="not even for a peer that has it")


class AuthHmacKey(Line):
    """``ID VALUE``; the keyword comes once for each key."""

    grammar: ClassVar[Grammar] = Grammar(("id", "value"), 2, what="a number and a key")
    repeated: ClassVar[bool] = True

    id: Annotated[int, whole(1, 255)] = Field(description="1 to 255, the same on all nodes")
    value: Secret = Field(description="32 to 64 bytes: hex:0123..., a text, file:/path or env:NAME")


class AuthHmac(Block):
    """Adverts are signed; of any version, to the group and to peers."""

    key: tuple[AuthHmacKey, ...] = Field(description="keys that are accepted")
    active_key: Annotated[int, whole(1, 255)] = Field(description="the one that signs")
    anti_replay: AntiReplay = Field("time", description="time: clocks agree; monotonic: they need not; default time")
    time_window: Annotated[int, whole(1, 300)] | None = Field(
        None, description="seconds by which clocks may differ; default 3 advert_int, at least 5"
    )
    mode: HmacMode = Field("enforce", description="enforce, permissive or receive-only; default enforce")


class WireDefs(Block):
    """What holds for all instances."""

    vrrp_mcast_group4: MulticastAddress | None = Field(None, description="where adverts go; default 224.0.0.18")
    vrrp_mcast_group6: MulticastAddress | None = Field(None, description="where adverts go; default ff02::12")
    v3_checksum_as_v2: Flag = Field(
        False, description="version 3 over IPv4: checksums of the message alone; default no"
    )
    log_unknown_vrids: Flag = Field(False, description="name virtual routers that are not configured; default no")


class WireOptions(Block):
    """What one instance has of its own."""

    mcast_src_ip: HostAddress | None = Field(None, description="source of adverts; default: the interface's")
    unicast_src_ip: HostAddress | None = Field(None, description="source of adverts to peers; default: the interface's")
    track_src_ip: Flag = Field(False, description="FAULT while the interface has not that source; default no")
    mcast_dst_ip: MulticastAddress | None = Field(None, description="where adverts go; default: the global group")
    check_unicast_src: Flag | None = Field(None, description="default vrrp_check_unicast_src")
    unicast_ttl: Annotated[int, whole(1, 255)] | None = Field(None, description="TTL of adverts to peers; default 255")
    unicast_fault_no_peer: Flag = Field(False, description="FAULT instead of multicast without unicast_peer")
    old_unicast_checksum: OldUnicastChecksum | None = Field(
        None, description="checksums to peers as keepalived up to 1.3.6; default: to those that are heard to have it"
    )
    v3_checksum_as_v2: Flag | None = Field(None, description="checksums of the message alone; default the global one")
    native_ipv6: Flag = Field(False, description="adverts go over IPv6, where no address says so")
    auth_hmac: AuthHmac | None = Field(None, description="signed adverts, as keepalived 2.4 has them; default none")
    kernel_rx_buf_size: Annotated[int, whole(0, 1 << 30)] = Field(
        0, description="bytes that wait in the socket, added up over an interface; default 256 KiB for all"
    )
