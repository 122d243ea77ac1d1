"""How a test names the situations that it looks at."""

import pytest


def looking_at(*situations: str) -> pytest.MarkDecorator:
    """Decorates a test with a parameter ``seen``: it runs once for each of these situations."""
    return pytest.mark.parametrize("seen", situations, indirect=True)
