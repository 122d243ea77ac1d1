"""``dynamic_interfaces``: what hahub does anyway."""

from collections.abc import Callable

import pytest

INSTANCE = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n no_virtual_ipaddress\n}\n"


@pytest.mark.parametrize(
    ("file", "text", "problems"),
    [
        pytest.param("a.conf", "global_defs {{\n dynamic_interfaces\n}}\n{instance}", [], id="alone"),
        pytest.param(
            "a.conf", "global_defs {{\n dynamic_interfaces allow_if_changes\n}}\n{instance}", [], id="its word"
        ),
        pytest.param(
            "a.conf",
            "global_defs {{\n dynamic_interfaces always\n}}\n{instance}",
            ["a.conf:2:21: global_defs: dynamic_interfaces has an unexpected word, expected one of allow_if_changes"],
            id="another word",
        ),
        pytest.param("a.yaml", "global_defs: {{dynamic_interfaces: true}}\n{yaml}", [], id="YAML"),
        pytest.param(
            "a.yaml", "global_defs: {{dynamic_interfaces: allow_if_changes}}\n{yaml}", [], id="YAML, its word"
        ),
    ],
)
def test_dynamic_interfaces_are_what_hahub_has_anyway(
    problem_lines: Callable[..., list[str]], file: str, text: str, problems: list[str]
) -> None:
    yaml = "vrrp_instance: {VI_1: {interface: eth0, virtual_router_id: 51, no_virtual_ipaddress: true}}\n"

    assert problem_lines(text.format(instance=INSTANCE, yaml=yaml), file=file) == problems
