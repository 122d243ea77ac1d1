"""track_group: what is static on an interface makes that interface matter to instances."""

from collections.abc import Callable

from hahub.config import Loaded
from hahub.settings import TrackedInterface

TEXT = """
track_group G {
  group {
    VI_1 VI_9
  }
}
static_ipaddress {
  192.0.2.1/24 dev eth1 track_group G
  192.0.2.2/24 dev eth2
  192.0.2.3/24 dev eth3 no_track track_group G
}
static_routes {
  10.1.0.0/16 via 192.0.2.9 dev eth4 track_group G
  10.2.0.0/16 via 192.0.2.9 track_group G
}
static_rules {
  from 10.1.0.0/16 iif eth5 table 5 preference 7 track_group G
  from 10.2.0.0/16 table 5 preference 8 track_group nobody
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 1
  virtual_ipaddress {
    192.0.2.200
  }
  track_interface {
    eth4 weight -10
  }
}
vrrp_instance VI_2 {
  interface eth0
  virtual_router_id 2
  no_virtual_ipaddress
}
"""


def test_the_instances_of_a_group_need_the_interfaces_of_what_is_static(loaded: Callable[..., Loaded]) -> None:
    result = loaded(("a.conf", TEXT.replace("track_group nobody", "")))

    assert result.settings is not None
    first, second = result.settings.core.instances
    assert first.track_interfaces == (TrackedInterface("eth4", -10), TrackedInterface("eth1"), TrackedInterface("eth5"))
    assert second.track_interfaces == ()


def test_groups_and_lines_that_lead_nowhere_are_told(problem_lines: Callable[..., list[str]]) -> None:
    virtual = TEXT.replace("192.0.2.200", "192.0.2.200 track_group G")

    assert problem_lines(virtual) == [
        "a.conf:4:10: warning: track_group G: group 'VI_9' is ignored, there is no such vrrp_instance",
        "a.conf:10:46: warning: track_group has no effect with no_track",
        "a.conf:14:41: warning: track_group has no effect without an interface",
        "a.conf:18:53: track_group 'nobody' is unknown, expected the name of a track_group",
        "a.conf:24:5: vrrp_instance VI_1: virtual_ipaddress has a track_group, which is for static lines only",
    ]
