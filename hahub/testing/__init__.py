"""Public tools for testing what is built on hahub: the contract of channels, made-up transitions, local services.

``hahub.testing.sinks`` has servers that behave as DingTalk, a webhook receiver and a mail server do;
``hahub.testing.scenario`` runs scenario files of the state machine.
"""

from hahub.testing.channels import ContractError, check_channel
from hahub.testing.transitions import notification, transition

__all__ = ["ContractError", "check_channel", "notification", "transition"]
