"""``strict_mode`` and ``vrrp_strict``: an instance as the RFCs have it, whatever else its block says.

What strict mode does not allow is taken out of the block before anybody else reads it, and said. What an instance
cannot do without is an error. Source: keepalived vrrp/vrrp.c:vrrp_complete_instance; requirement VR-138.
"""

from ipaddress import IPv6Address
from typing import Any

from hahub.config import derive
from hahub.config.document import Document, Path
from hahub.config.problems import Severity
from hahub.config.schema import Config, GlobalDefs, VrrpInstance
from hahub.family import Family

_DOWN_TIMER_ADVERTS = 3


def apply_strict_mode(config: Config, document: Document) -> Config:
    """Make the strict instances what they have to be, and report to the document what was changed for that."""
    instances = dict(config.vrrp_instance)
    for name, instance in config.vrrp_instance.items():
        if config.global_defs.vrrp_strict if instance.strict_mode is None else instance.strict_mode:
            strict = _Strict(("vrrp_instance", name), config.global_defs, document)
            instances[name] = strict.applied(instance)
    return config.model_copy(update={"vrrp_instance": instances})


class _Strict:
    """What is changed of one instance."""

    def __init__(self, path: Path, defs: GlobalDefs, document: Document) -> None:
        self._path = path
        self._defs = defs
        self._document = document
        self._changed: dict[str, Any] = {}

    def applied(self, instance: VrrpInstance) -> VrrpInstance:
        """The instance as strict mode has it."""
        self._check_what_it_needs(instance)
        self._match_state(instance)
        if instance.authentication is not None:
            self._reset("authentication", None, "is ignored, strict_mode has none")
        if instance.auth_hmac is not None and instance.auth_hmac.mode != "enforce":
            finding = f"mode {instance.auth_hmac.mode} counts as enforce with strict_mode"
            self._reset("auth_hmac", instance.auth_hmac.model_copy(update={"mode": "enforce"}), finding)
        if instance.preempt_delay:
            self._reset("preempt_delay", 0.0, "has no effect with strict_mode")
        self._wait_for_three_adverts(instance)
        self._be_silent_to_weaker(instance)
        if instance.higher_prio_send_advert:
            self._reset("higher_prio_send_advert", value=False, finding="has no effect with strict_mode")
        self._changed["higher_prio_send_advert"] = False
        if instance.owner_ignore_adverts is False:
            self._reset("owner_ignore_adverts", value=True, finding="counts as true with strict_mode")
        if derive.priority_of(instance) == derive.OWNER:
            self._changed["owner_ignore_adverts"] = True  # VR-049
        self._have_the_virtual_mac(instance)
        self._refuse_packets(instance)
        return instance.model_copy(update=self._changed)

    def _reset(self, keyword: str, value: object, finding: str) -> None:
        self._changed[keyword] = value
        self._document.report((*self._path, keyword), f"{keyword} {finding}", severity=Severity.WARNING)

    def _check_what_it_needs(self, instance: VrrpInstance) -> None:
        if instance.unicast_peer:
            self._document.report((*self._path, "unicast_peer"), "unicast_peer contradicts strict_mode", key=True)
        if instance.virtual_ipaddress:
            self._check_first_address(instance.virtual_ipaddress[0].address.partition("/")[0])
            return
        keyword = "no_virtual_ipaddress" if instance.no_virtual_ipaddress else "virtual_ipaddress"
        text = "contradicts" if instance.no_virtual_ipaddress else "is missing, it is required with"
        path = (*self._path, keyword)
        self._document.report_at(self._document.place(path, key=True), path, f"{keyword} {text} strict_mode")
        self._changed["no_virtual_ipaddress"] = True  # it is said

    def _check_first_address(self, first: str) -> None:
        """VR-031."""
        if Family.of(first) is Family.IPV6 and not IPv6Address(first).is_link_local:
            message = (
                f"virtual_ipaddress begins with {first}, strict_mode wants a link-local address in the first place"
            )
            self._document.report((*self._path, "virtual_ipaddress", 0), message, severity=Severity.WARNING)

    def _match_state(self, instance: VrrpInstance) -> None:
        """Only the owner of the addresses begins as master."""
        expected = "MASTER" if derive.priority_of(instance) == derive.OWNER else "BACKUP"
        if "state" in instance.model_fields_set and instance.state != expected:
            why = "only priority 255 begins as MASTER" if expected == "BACKUP" else "priority 255 begins as MASTER"
            self._reset("state", expected, f"{instance.state} counts as {expected}, {why} with strict_mode")
        self._changed["state"] = expected

    def _wait_for_three_adverts(self, instance: VrrpInstance) -> None:
        if instance.down_timer_adverts not in (None, _DOWN_TIMER_ADVERTS):
            self._reset("down_timer_adverts", _DOWN_TIMER_ADVERTS, "counts as 3 with strict_mode")
        elif instance.down_timer_adverts is None and self._defs.vrrp_down_timer_adverts != _DOWN_TIMER_ADVERTS:
            path = ("global_defs", "vrrp_down_timer_adverts")
            message = f"vrrp_down_timer_adverts counts as 3 in {' '.join(map(str, self._path))}, with strict_mode"
            self._document.report(path, message, severity=Severity.WARNING)
        self._changed["down_timer_adverts"] = _DOWN_TIMER_ADVERTS

    def _be_silent_to_weaker(self, instance: VrrpInstance) -> None:
        """RFC 3768 and RFC 5798: a weaker master is not answered."""
        for keyword in ("garp_lower_prio_repeat", "garp_lower_prio_delay"):
            if getattr(instance, keyword):
                self._reset(keyword, 0, "counts as 0 with strict_mode")
            self._changed[keyword] = 0
        if instance.lower_prio_no_advert is False:
            self._reset("lower_prio_no_advert", value=True, finding="counts as true with strict_mode")
        self._changed["lower_prio_no_advert"] = True

    def _have_the_virtual_mac(self, instance: VrrpInstance) -> None:
        """VR-011, VR-109: where there is one, adverts come from it, and it is that of the RFCs."""
        if instance.use_vmac is None:
            return
        if instance.use_vmac.mac is not None:
            self._changed["use_vmac"] = instance.use_vmac.model_copy(update={"mac": None})
            message = "use_vmac has a MAC of its own, which has no effect with strict_mode"
            self._document.report((*self._path, "use_vmac"), message, severity=Severity.WARNING)
        if instance.vmac_xmit_base:
            self._reset("vmac_xmit_base", value=False, finding="has no effect with strict_mode")

    def _refuse_packets(self, instance: VrrpInstance) -> None:
        """VR-121: who does not own the addresses does not accept; in version 3 it may, when it says so."""
        if derive.priority_of(instance) == derive.OWNER or instance.no_accept:
            return
        if instance.accept and derive.version_of(instance, self._defs) == 2:
            self._reset("accept", value=False, finding="has no effect with strict_mode and version 2")
        elif instance.accept is None:
            self._changed["accept"] = False
