"""Configuration: text in keepalived's language or in YAML -> one checked model -> ``hahub.settings``.

    keepalived.conf -> tokens -> statements -+
                                             +-> Document -> Config -> checks, channels -> Settings
    hahub.yaml ------> events -> nodes ------+   (places)    (schema)

Files, the environment and the user database are read in ``load`` and ``host``; everything else is pure. Every
problem comes back, all at once, with its place.
"""

from hahub.config.keepalived import parse_keepalived
from hahub.config.load import Loaded, load
from hahub.config.problems import Problem, Severity, format_problem
from hahub.config.yaml_text import parse_yaml

__all__ = ["Loaded", "Problem", "Severity", "format_problem", "load", "parse_keepalived", "parse_yaml"]
