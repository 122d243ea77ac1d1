"""All that is on this host as long as it is master: addresses, then routes, then rules."""

from collections.abc import Callable, Sequence

from hahub.net.addresses import AddressBatches, encode_batches
from hahub.net.routes import encode_routes
from hahub.net.rules import encode_rules
from hahub.settings import Route, Rule, VirtualAddress


def encode_belongings(
    addresses: Sequence[VirtualAddress],
    routes: Sequence[Route],
    rules: Sequence[Rule],
    index_of: Callable[[str], int | None],
) -> AddressBatches:
    """Encode what adds them, and what removes them in the opposite order.

    A route may need an address as its source or for its way, a rule leads into a table that should be full.
    """
    first, second, third = encode_batches(addresses, index_of), encode_routes(routes, index_of), encode_rules(rules)
    return AddressBatches(
        add=(*first.add, *second.add, *third.add),
        remove=(*third.remove, *second.remove, *first.remove),
    )
