"""Why a rehearsal is not begun or gone on with. Nothing was sent to the chain."""

from registry.errors import TongquanError


class RehearsalRefused(TongquanError):
    """A folder is no rehearsal, or something is missing in it; the message says what."""


class WrongGateway(RehearsalRefused):
    """The gateway is not this rehearsal's, or does not know its callers; the message says which, and what to do."""
