"""Configuration: text in keepalived's language or in YAML -> one checked model -> ``hahub.settings``.

    keepalived.conf text -> tokens -> blocks -+
                                              +-> plain data with places -> Config -> cross-checks -> Settings
    hahub.yaml text -> YAML nodes ------------+

Reading the files is the one effect, in ``load``; every problem comes back, all at once, with its place.
"""

from hahub.config.load import Loaded, load
from hahub.config.problems import Problem, Severity, format_problem

__all__ = ["Loaded", "Problem", "Severity", "format_problem", "load"]
