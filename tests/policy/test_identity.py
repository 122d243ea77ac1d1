from dataclasses import replace

from hahub.policy.identity import message_key
from tests.hub.support import transition


def test_a_key_is_the_same_for_the_same_message_and_names_nothing_else() -> None:
    one = transition(seq=1)

    assert message_key(one, "mail") == message_key(replace(one, node="renamed"), "mail")
    assert message_key(one, "mail") == "hahub-c5faac900b592fca4a17635fcebdc88c"


def test_keys_differ_when_boot_number_or_channel_differ() -> None:
    keys = {
        message_key(transition(seq=1, boot="b"), "c"),
        message_key(transition(seq=11, boot="b"), "c"),
        message_key(transition(seq=1, boot="b1"), "c"),
        message_key(transition(seq=1, boot="b"), "1c"),
        message_key(transition(seq=1, boot="b"), "c2"),
    }

    assert len(keys) == 5


def test_a_key_has_no_dot_and_no_blank_whatever_the_channel_is_called() -> None:
    key = message_key(transition(boot="a.b c"), "ops. mail")

    assert key.replace("-", "").isalnum()
